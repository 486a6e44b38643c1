import path from "node:path";
import { execa } from "execa";
import type { PostgresServer } from "../servers/postgres-server.ts";

/** Rows of pgbench_accounts per unit of scale: 100,000, about 15 MB with its index. */
const SCALE = 48;

/** The roles of the sample: an application's login, and a reader who is granted some of it. */
const ROLES = `
CREATE ROLE shop LOGIN CREATEDB PASSWORD 'shop';
CREATE ROLE "Shop Reader" NOLOGIN;
GRANT "Shop Reader" TO shop;
`;

/** Shapes that dumps and swaps get wrong: odd names, partitions, large objects, row security, settings of a database. */
const SHAPES = `
CREATE EXTENSION pg_trgm;
CREATE EXTENSION hstore;
CREATE SCHEMA "Odd ""Schema"" ü";
CREATE TABLE "Odd ""Schema"" ü"."a table; with 'quotes'" ("the id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tags hstore, note text);
INSERT INTO "Odd ""Schema"" ü"."a table; with 'quotes'" (tags, note)
  SELECT hstore('n', n::text), E'line one\\nline two \\\\. tab\\t' || n FROM generate_series(1, 5000) n;
CREATE TABLE event (at timestamptz NOT NULL, kind text NOT NULL, payload jsonb) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ON event (at);
INSERT INTO event SELECT '2025-01-01Z'::timestamptz + n * interval '90 seconds', 'k' || n % 7,
  jsonb_build_object('n', n, 'text', md5(n::text) || md5((-n)::text) || md5((n * 7)::text) || md5((n * 13)::text))
  FROM generate_series(1, 600000) n;
CREATE MATERIALIZED VIEW event_by_kind AS SELECT kind, count(*) AS events FROM event GROUP BY kind;
CREATE TABLE tenant_note (tenant text, note text);
ALTER TABLE tenant_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tenant_note USING (tenant = current_user);
INSERT INTO tenant_note SELECT 'tenant' || n % 3, 'note ' || n FROM generate_series(1, 900) n;
CREATE TABLE empty_table (id int);
SELECT count(lo_from_bytea(0, decode(repeat(md5(n::text), 4096), 'hex'))) FROM generate_series(1, 300) n;
CREATE TABLE upload (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), file text NOT NULL UNIQUE);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO "Shop Reader";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "Shop Reader";
`;

const properties = (database: string): string => `
GRANT CONNECT ON DATABASE ${database} TO "Shop Reader";
ALTER DATABASE ${database} SET work_mem = '12MB';
ALTER ROLE shop IN DATABASE ${database} SET search_path = public;
COMMENT ON DATABASE ${database} IS 'sample of restorable''s demo';
`;

/** Creates the sample database, about 1 GB. */
export const createSampleDatabase = async (server: PostgresServer, database: string): Promise<void> => {
  await psql(server, "postgres", `${ROLES}CREATE DATABASE ${database} OWNER shop;`);
  await execa(path.join(server.bin, "pgbench"), ["--initialize", `--scale=${SCALE}`, "--quiet"], {
    env: server.env(database),
  });
  await psql(server, database, SHAPES);
  await psql(server, database, `${ownedByShop}${properties(database)}`);
};

/** An empty database, as another environment has it on its first day, with a setting of its own. */
export const createEmptyDatabase = async (server: PostgresServer, database: string): Promise<void> => {
  await psql(
    server,
    "postgres",
    `CREATE DATABASE ${database} OWNER shop; ALTER DATABASE ${database} SET work_mem = '3MB';`,
  );
  await psql(
    server,
    database,
    "CREATE TABLE upload (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), file text NOT NULL UNIQUE); ALTER TABLE upload OWNER TO shop;",
  );
};

const ownedByShop = "ALTER TABLE upload OWNER TO shop; ALTER TABLE event OWNER TO shop;";

/** Runs SQL and returns what it printed, unaligned. */
export const psql = async (server: PostgresServer, database: string, sql: string): Promise<string> => {
  const args = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"];
  const { stdout } = await execa(path.join(server.bin, "psql"), args, { env: server.env(database), input: sql });
  return stdout;
};
