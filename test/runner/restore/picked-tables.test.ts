import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Plan, Request } from "../../../spec/index.ts";
import { backupOf, makeWorld, pointIdentity, restoreJob, restoreWhole, type World } from "../world.ts";

/** A name with all that SQL, shells and listings of archives would read as something else. */
const ODD = { schema: `Odd. "schema"`, table: `-we ird*\n[t]able'; DROP` };
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const ODD_SQL = `${quoted(ODD.schema)}.${quoted(ODD.table)}`;

const SHAPES = `
CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE SCHEMA ${quoted(ODD.schema)};
CREATE ROLE picked_reader;
CREATE TYPE mood AS ENUM ('fine', 'bad');
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE customer (id serial PRIMARY KEY, name citext UNIQUE, feels mood DEFAULT 'fine');
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES customer, note text CHECK (note <> ''));
CREATE INDEX orders_note ON orders USING gin (note gin_trgm_ops);
CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touched();
CREATE VIEW overview AS SELECT * FROM orders;
COMMENT ON TABLE orders IS 'what was ordered'; GRANT SELECT ON orders TO picked_reader;
CREATE TABLE ${ODD_SQL} (id int PRIMARY KEY);
CREATE TABLE ${quoted(ODD.schema)}.${quoted(ODD.table.replace("\n", " "))} (not_this text);
CREATE TABLE event (at date, n int) PARTITION BY RANGE (at); CREATE INDEX ON event (n);
CREATE TABLE event_a PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_b PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO customer (name) SELECT 'c' || n FROM generate_series(1, 20) n;
INSERT INTO orders (customer, note) SELECT n, 'order ' || n FROM generate_series(1, 20) n;
INSERT INTO ${ODD_SQL} SELECT n FROM generate_series(1, 7) n;
INSERT INTO event SELECT '2025-03-01', n FROM generate_series(1, 30) n;
INSERT INTO event SELECT '2026-03-01', n FROM generate_series(1, 5) n;
SELECT lo_from_bytea(0, 'large');
`;

const withFormat =
  (format: "custom" | "sql") =>
  (plan: Plan): Plan => ({
    ...plan,
    sources: plan.sources.flatMap((source) => (source.kind === "postgres" ? [{ ...source, format }] : [])),
  });

describe.each(["custom", "sql"] as const)("some tables of a dump in format %s · postgres, versitygw", (format) => {
  let world: World;
  let point: string;
  let restores = 0;

  beforeAll(async () => {
    world = await makeWorld({ change: withFormat(format) });
    await world.sql("app", SHAPES);
    point = (await backupOf(world)).id;
  });
  afterAll(() => world?.close());

  const restored = async (...tables: string[]) => {
    restores += 1;
    const database = `picked ${restores}`;
    const request: Partial<Request> = { point, into: { database }, only: { tables } };
    const { record } = await restoreWhole(world, { request });
    if (!record) throw new Error("no record");
    const query = async (text: string) => (await world.sql(database, text)).rows.map((row) => Object.values(row)[0]);
    return { record, database, query };
  };
  const TABLES =
    "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) ORDER BY 1";

  test("a table comes with its rows, indexes, constraints, identity, trigger, comment and grants; ties to others are left out and named", async () => {
    const { record, query, database } = await restored("orders");
    expect(record).toMatchObject({ ok: true, superseded: [], downtimeSeconds: 0 });
    expect(record.checks).toEqual([
      expect.objectContaining({ ok: true, detail: "20 rows in 1 tables; the manifest says 20 in 1" }),
      ...(format === "sql" ? [expect.objectContaining({ ok: true })] : []),
    ]);
    expect(await query(TABLES)).toEqual(["orders"]);
    expect(await query("SELECT indexname FROM pg_indexes WHERE tablename = 'orders' ORDER BY 1")).toEqual([
      "orders_note",
      "orders_pkey",
    ]);
    expect(await query("SELECT conname FROM pg_constraint WHERE conrelid = 'orders'::regclass ORDER BY 1")).toEqual([
      "orders_note_check",
      "orders_pkey",
    ]);
    expect(await query("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")).toEqual(["touch"]);
    expect(await query("SELECT obj_description('orders'::regclass)")).toEqual(["what was ordered"]);
    expect(await query("SELECT has_table_privilege('picked_reader', 'orders', 'SELECT')")).toEqual([true]);
    expect(await query("INSERT INTO orders (note) VALUES ('next') RETURNING id")).toEqual([21]);
    const notes = record.notes.join("\n");
    expect(notes).toMatch(/left out.*orders_customer_fkey/);
    expect(notes).toContain(`pg_dump --data-only --table='"public"."orders"' --dbname='${database}' | psql`);
  });

  test("a serial, a type and an extension come along; with both tables, the foreign key does", async () => {
    const { record, query } = await restored("public.customer", "orders");
    expect(record.ok).toBe(true);
    expect(await query(TABLES)).toEqual(["customer", "orders"]);
    expect(await query("INSERT INTO customer (name) VALUES ('next') RETURNING id")).toEqual([21]);
    expect(await query("SELECT name FROM customer WHERE name = 'C7'")).toEqual(["c7"]);
    expect(await query("SELECT conname FROM pg_constraint WHERE contype = 'f'")).toEqual(["orders_customer_fkey"]);
  });

  test("a name is that table and no other: quotes, dots, blanks, line breaks, patterns, a leading dash", async () => {
    const { record, query } = await restored(`${quoted(ODD.schema)}.${quoted(ODD.table)}`);
    expect(record.ok).toBe(true);
    expect(await query(TABLES)).toHaveLength(1);
    expect(await query(`SELECT count(*)::int FROM ${ODD_SQL}`)).toEqual([7]);
  });

  test("a partition comes attached to the definition of its parent, which then holds nothing else", async () => {
    const { record, query } = await restored("event_a");
    expect(record.ok).toBe(true);
    expect(await query(TABLES)).toEqual(["event", "event_a"]);
    expect(await query("SELECT count(*)::int FROM event")).toEqual([30]);
  });

  test("what the point does not hold is refused by name, with what is like it; nothing is made", async () => {
    const secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, point) };
    const ask = async (table: string) => {
      const request = { point, into: { database: "none" }, only: { tables: [table] } };
      const result = await world.run(restoreJob(world, "prepare", { request }), secrets);
      return result.ok ? undefined : result.error;
    };
    expect(await ask("Orders")).toMatchObject({ code: "not-in-point", hint: expect.stringContaining("public.orders") });
    expect(await ask("order*")).toMatchObject({ code: "not-in-point" });
    expect(await ask("event")).toMatchObject({ code: "not-in-point", hint: expect.stringContaining("partitions") });
    expect((await world.sql("postgres", "SELECT FROM pg_database WHERE datname = 'none'")).rowCount).toBe(0);
  });
});
