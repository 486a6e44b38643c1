import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseContents } from "../../../runner/postgres/archive-contents.ts";
import { listTables } from "../../../runner/postgres/list-tables.ts";
import { pickEntries } from "../../../runner/postgres/pick-entries.ts";
import { refuseTables } from "../../../runner/postgres/refuse-table.ts";
import type { PostgresEntry } from "../../../spec/index.ts";
import { exampleManifest } from "../../spec/examples.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { testContext } from "../../support/test-context.ts";
import { tools } from "../../support/tools.ts";

const orders = { schema: "public", table: "orders" };

describe("what of an archive restores a table · pg_restore", () => {
  let server: PostgresServer;
  let archive: Buffer;
  let major: number;
  beforeAll(async () => {
    server = await startPostgres();
    const bin = (name: string) => path.join(tools().postgresBin, name);
    const run = promisify(execFile);
    const sql =
      "CREATE TABLE orders (id serial PRIMARY KEY, note text); INSERT INTO orders (note) SELECT md5(n::text) FROM generate_series(1, 20000) n; CREATE TABLE other (n int REFERENCES orders)";
    await run(bin("psql"), ["--quiet", "--command", sql, server.url("postgres")]);
    major = Number(/ (\d+)/.exec((await run(bin("pg_dump"), ["--version"])).stdout)?.[1]);
    const options = { encoding: "buffer", maxBuffer: 2 ** 26 } as const;
    archive = (await run(bin("pg_dump"), ["--format=custom", server.url("postgres")], options)).stdout;
  });
  afterAll(() => server?.stop());

  test("its beginning alone says it: where the whole has no room here", async () => {
    const context = testContext();
    const at = { major, leastPgRestore: 12 };
    const { list, leftOut } = await listTables(
      context,
      { head: archive.subarray(0, archive.length / 2) },
      [orders],
      at,
    );
    expect(list.trim().split("\n").length).toBeGreaterThan(5);
    expect(leftOut).toEqual([expect.stringContaining("FK CONSTRAINT public other other_n_fkey")]);
    const missing = listTables(context, { head: archive }, [{ schema: "public", table: "Orders" }], at);
    await expect(missing).rejects.toMatchObject({ code: "not-in-point" });
  });
});

const LISTING = `;
; Selected TOC Entries:
;
7; 2615 16 SCHEMA - TABLE DATA owner
;\tdepends on: 1
9; 1259 20 TABLE DATA t owner
;\tdepends on: 7
10; 0 20 TABLE DATA DATA t owner
;\tdepends on: 9
11; 1259 21 TABLE public parent owner
12; 1259 22 TABLE public child owner
;\tdepends on: 11
13; 0 21 TABLE DATA public parent owner
;\tdepends on: 11
14; 2606 23 CONSTRAINT public parent parent_pkey owner
;\tdepends on: 11
15; 2606 24 FK CONSTRAINT public child child_fkey owner
;\tdepends on: 9 12
16; 0 0 COMMENT public CONSTRAINT child_fkey ON child owner
;\tdepends on: 15 12
`;

test("a schema called DATA is no kind of entry", () => {
  const kinds = parseContents(LISTING).map(({ id, kind }) => [id, kind]);
  expect(kinds.slice(1, 4)).toEqual([
    [9, "TABLE"],
    [10, "TABLE DATA"],
    [11, "TABLE"],
  ]);
});

test("of a parent comes its definition, neither its rows nor its keys; of a tie to another table not even the comment", () => {
  const { ids, leftOut } = pickEntries(parseContents(LISTING), [12]);
  expect(ids).toEqual([11, 12]);
  expect(leftOut.map(({ id }) => id)).toEqual([15, 16]);
  expect(pickEntries(parseContents(LISTING), [9, 12]).ids).toEqual([7, 9, 10, 11, 12, 15, 16]);
});

describe("TimescaleDB", () => {
  const [postgres] = exampleManifest().sources;
  const entry = {
    ...(postgres as PostgresEntry),
    extensions: [{ name: "timescaledb", version: "2.19.3", schema: "public" }],
    counts: [orders, { schema: "_timescaledb_internal", table: "_hyper_1_1_chunk" }].map((name) => ({
      ...name,
      rows: 1,
    })),
    timescale: {
      license: "timescale" as const,
      hypertables: [{ schema: "public", table: "measures", chunks: 1, rows: 1 }],
      continuousAggregates: [],
    },
  };

  test.each([
    ["a hypertable", { schema: "public", table: "measures" }, false],
    ["a chunk", { schema: "_timescaledb_internal", table: "_hyper_1_1_chunk" }, false],
    ["any table of a script", orders, true],
  ])("%s is refused, with what to do instead", (_title, table, isScript) => {
    expect(() => refuseTables(entry, [table], isScript)).toThrow(/restore the whole database into a new one.*\\copy/);
  });

  test("an ordinary table beside them is taken", () => {
    expect(() => refuseTables(entry, [orders], false)).not.toThrow();
  });
});
