import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { quoteIdentifier } from "../../../runner/postgres/identifier.ts";
import type { PostgresServer } from "../../support/postgres-server.ts";
import { sql } from "./world.ts";

const run = promisify(execFile);

/** A name with everything in it that is hard to quote. */
export const ODD = `Odd "näme" with 'quotes' \\ and = $1`;

/** Roles that own and use the sample; each password is the role's name. */
export const ROLES = [
  `CREATE ROLE app_owner NOLOGIN CREATEDB`,
  `CREATE ROLE app LOGIN PASSWORD 'app' CONNECTION LIMIT 50`,
  `GRANT app_owner TO app WITH ADMIN OPTION`,
  `CREATE ROLE "Report ""user""" LOGIN NOINHERIT PASSWORD 'report' VALID UNTIL '2030-01-01 00:00:00+00'`,
  `ALTER ROLE "Report ""user""" SET work_mem = '8MB'`,
  `COMMENT ON ROLE app IS 'the application''s login'`,
];

/** Many shapes in one database: odd names, partitions, views, large objects, sequences, row security, grants. */
export async function createSample(server: PostgresServer, database: string): Promise<void> {
  await sql(
    server,
    "postgres",
    `CREATE DATABASE ${quoteIdentifier(database)} OWNER app_owner`,
    ...properties(database),
  );
  await sql(server, database, ...SHAPES);
}

const properties = (database: string): string[] => {
  const name = quoteIdentifier(database);
  return [
    `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${name} TO app WITH GRANT OPTION`,
    `GRANT CONNECT, TEMPORARY ON DATABASE ${name} TO "Report ""user"""`,
    `ALTER DATABASE ${name} SET search_path TO "$user", public, "Odd Schema"`,
    `ALTER DATABASE ${name} SET "app.banner" TO 'it''s; a "value"'`,
    `ALTER ROLE app IN DATABASE ${name} SET statement_timeout TO '5min'`,
    `ALTER DATABASE ${name} CONNECTION LIMIT 77`,
    `COMMENT ON DATABASE ${name} IS E'two\\nlines; and \\'quotes\\''`,
  ];
};

const SHAPES = [
  `SET ROLE app_owner`,
  `CREATE SCHEMA "Odd Schema"`,
  `CREATE TABLE "Odd Schema"."Täble ""q""" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "a b" text, made timestamptz DEFAULT now())`,
  `INSERT INTO "Odd Schema"."Täble ""q""" ("a b") SELECT repeat('line ' || n || E'\\n\\t\\\\.', 3) FROM generate_series(1, 500) n`,
  `CREATE TABLE measure (at date NOT NULL, value numeric, kind text) PARTITION BY RANGE (at)`,
  `CREATE TABLE measure_2025 PARTITION OF measure FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')`,
  `CREATE TABLE measure_2026 PARTITION OF measure FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (kind)`,
  `CREATE TABLE measure_2026_a PARTITION OF measure_2026 FOR VALUES IN ('a')`,
  `CREATE TABLE measure_2026_rest PARTITION OF measure_2026 DEFAULT`,
  `INSERT INTO measure SELECT date '2025-01-01' + n, n / 7.0, CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END FROM generate_series(0, 699) n`,
  `CREATE TABLE parent (id int)`,
  `CREATE TABLE child (extra text) INHERITS (parent)`,
  `INSERT INTO parent VALUES (1), (2)`,
  `INSERT INTO child VALUES (3, 'c')`,
  `CREATE TABLE nothing ()`,
  `INSERT INTO nothing DEFAULT VALUES`,
  `CREATE TABLE empty (id int)`,
  `CREATE UNLOGGED TABLE cache (key text PRIMARY KEY, body bytea)`,
  `INSERT INTO cache VALUES ('k', '\\x0001ff'), (E'new\\nline', NULL)`,
  `CREATE SEQUENCE "Counter" START 42 INCREMENT 3`,
  `SELECT nextval('"Counter"'), nextval('"Counter"')`,
  `CREATE MATERIALIZED VIEW per_kind AS SELECT kind, sum(value) AS total FROM measure GROUP BY kind`,
  `CREATE TABLE tenant (id int PRIMARY KEY, owner text, parent int REFERENCES tenant)`,
  `INSERT INTO tenant VALUES (1, 'app', NULL), (2, 'other', 1)`,
  `ALTER TABLE tenant ENABLE ROW LEVEL SECURITY`,
  `CREATE POLICY own ON tenant TO app USING (owner = current_user)`,
  `GRANT SELECT, INSERT ON tenant TO app`,
  `GRANT SELECT ("a b") ON "Odd Schema"."Täble ""q""" TO "Report ""user"""`,
  `ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO "Report ""user"""`,
  `CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.extra := 'stamped'; RETURN NEW; END $$`,
  `CREATE TRIGGER stamp BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION stamp()`,
  `SELECT lo_from_bytea(0, decode(repeat('ab', 5000), 'hex')), lo_from_bytea(4711, '\\xdead')`,
  `GRANT SELECT ON LARGE OBJECT 4711 TO app`,
  `RESET ROLE`,
  `CREATE EXTENSION hstore`,
  `CREATE EXTENSION pg_trgm SCHEMA "Odd Schema"`,
];

/** Everything that a restore must bring back: the schema as pg_dump tells it, and a checksum of each table. */
export async function fingerprint(server: PostgresServer, database: string): Promise<Record<string, unknown>> {
  const { stdout } = await run(path.join(server.bin, "pg_dump"), ["--schema-only"], {
    env: { ...process.env, ...server.env(database) },
    maxBuffer: 64 * 1024 ** 2,
  });
  // Newer minor versions add a random key to every dump.
  const schema = stdout.replace(/^\\(un)?restrict .*$/gm, "");
  const [tables] = await sql(
    server,
    database,
    `SELECT format('%I.%I', nspname, relname) AS name, relkind = 'S' AS sequence
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm', 'S') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY 1`,
  );
  const sums: Record<string, unknown> = {};
  for (const { name, sequence } of tables?.rows ?? []) {
    const query = sequence
      ? `SELECT last_value, is_called FROM ${name}`
      : `SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM ONLY ${name} t`;
    const [sum] = await sql(server, database, query);
    sums[name] = sum?.rows[0];
  }
  const [objects] = await sql(
    server,
    database,
    `SELECT oid, pg_get_userbyid(lomowner), lomacl::text, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid`,
  );
  return { schema, sums, objects: objects?.rows };
}

/** What hangs on the database's name. */
export async function propertiesOf(server: PostgresServer, database: string): Promise<unknown> {
  const [row, grants, settings] = await sql(
    server,
    "postgres",
    `SELECT pg_get_userbyid(datdba), encoding, datcollate, datctype, datconnlimit, datallowconn, datistemplate,
            shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ${literal(database)}`,
    `SELECT grantee::regrole::text, privilege_type, is_grantable
       FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
      WHERE datname = ${literal(database)} ORDER BY 1, 2`,
    `SELECT setrole::regrole::text, setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
      WHERE datname = ${literal(database)} ORDER BY 1`,
  );
  return { row: row?.rows, grants: grants?.rows, settings: settings?.rows };
}

const literal = (text: string): string => `$l$${text}$l$`;
