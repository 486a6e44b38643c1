import { describe, expect, it } from "vitest";
import { checkTarget, targetNotes } from "../../../runner/postgres/check-target.ts";
import { chooseDump, chooseRestore, leastPgRestore } from "../../../runner/postgres/clients.ts";
import { judgeCounts } from "../../../runner/postgres/compare-counts.ts";
import type { TargetFacts } from "../../../runner/postgres/inspect-target.ts";
import { judgeTimescale } from "../../../runner/postgres/judge-timescale.ts";
import { settingClause } from "../../../runner/postgres/setting.ts";
import { type PostgresPart, swapStateOf } from "../../../runner/postgres/swap.ts";
import type { PostgresEntry } from "../../../spec/index.ts";

const programs = (...majors: number[]) => majors.map((major) => ({ file: `/${major}`, major, version: `${major}.1` }));

describe("which client program", () => {
  it.each([
    [15, [14, 15, 17], 15],
    [15, [14, 17, 16], 16],
    [18, [14, 17], undefined],
  ])("dumps a server of major %i with %j as %s", (server, have, wanted) => {
    expect(chooseDump(programs(...have), server)?.major).toBe(wanted);
  });

  it.each([
    [15, 12, [14, 15, 17], 15],
    [15, 12, [17], undefined], // 17 sets transaction_timeout
    [15, 12, [16, 17], 16],
    [17, 12, [15], 15],
    [17, 17, [15, 16], undefined],
    [17, 17, [18], 18],
    [15, 17, [15, 17], undefined],
  ])("restores into major %i an archive that needs %i with %j as %s", (target, least, have, wanted) => {
    expect(chooseRestore(programs(...have), target, least)?.major).toBe(wanted);
  });

  it.each([
    [12, 12],
    [15, 12],
    [16, 16],
    [18, 17],
    [19, 19],
    [11, 11],
  ])("an archive of pg_dump %i needs pg_restore %i", (dump, least) => expect(leastPgRestore(dump)).toBe(least));
});

const entry = {
  kind: "postgres",
  server: { version: "15.14", major: 15 },
  leastPgRestore: 12,
  extensions: [{ name: "hstore", version: "1.8", schema: "public" }],
  databaseBytes: 1000,
} as unknown as PostgresEntry;

const live = {
  properties: { database: "packit", owner: "app" },
  bytes: 600,
  logicalSlots: [],
  subscriptions: [],
  preparedTransactions: [],
  cron: false,
} as unknown as NonNullable<TargetFacts["live"]>;

const target: TargetFacts = {
  version: "15.14",
  major: 15,
  databases: new Set(["packit"]),
  extensions: new Map([["hstore", new Set(["1.8"])]]),
  admin: {
    user: "admin",
    superuser: false,
    createDatabase: true,
    createRole: true,
    memberOf: new Set(["app"]),
    signals: true,
  },
  live,
  heldWalBytes: 0,
};

describe("what speaks against a restore", () => {
  const codes = (facts: Partial<TargetFacts>, mode: Parameters<typeof checkTarget>[2] = "replace", more = {}) =>
    checkTarget({ ...entry, ...more }, { ...target, ...facts }, mode).map(({ code }) => code);

  it("has nothing against a good target", () => expect(codes({})).toEqual([]));

  it("refuses an archive that the target's client cannot restore", () =>
    expect(codes({}, "replace", { leastPgRestore: 17 })).toEqual(["wrong-version"]));

  it("refuses an admin who cannot create or rename databases", () => {
    expect(codes({ admin: { ...target.admin, createDatabase: false } })).toEqual(["too-few-rights"]);
    expect(codes({ admin: { ...target.admin, memberOf: new Set() } })).toEqual(["too-few-rights"]);
  });

  it("names missing extensions", () => {
    expect(codes({ extensions: new Map() })).toEqual(["missing-extension"]);
    expect(targetNotes(entry, { ...target, extensions: new Map([["hstore", new Set(["1.7"])]]) })[0]).toContain("1.7");
  });

  describe("of a database with TimescaleDB", () => {
    const dumped = {
      leastPgRestore: 12,
      server: { version: "16.4", major: 16 },
      extensions: [{ name: "timescaledb", version: "2.19.3", schema: "public" }],
      timescale: { license: "timescale", hypertables: [], continuousAggregates: [{ schema: "s", view: "daily" }] },
    };
    const server = (...versions: string[]) => ({
      version: "16.9",
      major: 16,
      extensions: new Map([["timescaledb", new Set(versions)]]),
    });

    it.each([
      ["has another version", server("2.18.2", "2.20.0"), /2\.19\.3.*2\.18\.2, 2\.20\.0/],
      ["is older", { ...server("2.19.3"), major: 15, version: "15.1" }, /16\.4.*15\.1/],
      ["does not preload it", { ...server("2.19.3"), preloaded: ["pg_cron"] }, /preload/],
      ["has no continuous aggregates", { ...server("2.19.3"), timescaleLicense: "apache" }, /Apache/],
    ])("refuses a server that %s", (_what, facts, fact) => {
      const [found] = checkTarget({ ...entry, ...dumped } as PostgresEntry, { ...target, ...facts }, "inPlace");
      expect(found).toMatchObject({ code: "wrong-version", fact: expect.stringMatching(fact) });
    });

    it("takes the same version on a newer server, and asks nothing of a dump that does not say its version", () => {
      expect(codes({ ...server("2.19.3"), major: 17 }, "inPlace", dumped)).toEqual([]);
      const unknown = { ...dumped, extensions: [{ name: "timescaledb", version: "", schema: "public" }] };
      expect(codes(server("2.18.2"), "inPlace", unknown)).toEqual([]);
    });
  });

  it("counts the room of the live copy only where that goes first", () => {
    expect(codes({ freeBytes: 500 })).toEqual(["no-room"]);
    expect(codes({ freeBytes: 500 }, "inPlace")).toEqual([]);
  });

  it.each([
    ["logicalSlots", ["slot"]],
    ["subscriptions", ["sub"]],
    ["cron", true],
    ["preparedTransactions", ["gid"]],
  ])("refuses a swap that would leave %s behind", (name, value) => {
    const found = checkTarget(entry, { ...target, live: { ...live, [name]: value } }, "replace");
    expect(found.map(({ code }) => code)).toEqual(["cannot-swap"]);
    expect(found[0]?.fact).toMatch(/slot|sub|pg_cron|gid/);
  });

  it("restores pg_cron only in place, into the one database that may have it", () => {
    const more = { extensions: [{ name: "pg_cron", version: "1.4", schema: "pg_catalog" }] };
    const extensions = new Map([["pg_cron", new Set(["1.4"])]]);
    expect(codes({ extensions, cronDatabase: "packit" }, "replace", more)).toEqual(["cannot-swap"]);
    expect(codes({ extensions, cronDatabase: "postgres" }, "inPlace", more)).toEqual(["cannot-swap"]);
    expect(codes({ extensions, cronDatabase: "packit" }, "inPlace", more)).toEqual([]);
  });

  it("refuses a name that is taken when another database was asked for", () =>
    expect(codes({}, "elsewhere")).toEqual(["target-not-empty"]));
});

describe("the state of a swap, from names alone", () => {
  const part: PostgresPart = {
    kind: "postgres",
    source: "db",
    live: "l",
    beside: "b",
    superseded: "s",
    existed: true,
    properties: [],
  };
  it.each([
    [true, ["l", "b"], "before"],
    [true, ["l", "s"], "after"],
    [true, ["l", "b", "s"], "unclear"],
    [true, ["b", "s"], "unclear"],
    [true, ["l"], "unclear"],
    [false, ["b"], "before"],
    [false, ["l"], "after"],
    [false, ["l", "b"], "unclear"],
    [false, [], "unclear"],
  ])("existed %s, there are %j: %s", (existed, names, state) => {
    expect(swapStateOf({ ...part, existed }, new Set(names))).toBe(state);
  });
});

describe("comparing counts", () => {
  const counts = (rows: number, table = "t") => ({
    counts: [{ schema: "s", table, rows }],
    rows,
    largeObjects: 1,
  });

  it("is content with equal counts", () =>
    expect(judgeCounts("d", counts(3), counts(3)).every(({ ok }) => ok)).toBe(true));

  it("names each table that differs, is missing, or is too many", () => {
    const failed = (found: ReturnType<typeof counts>) =>
      judgeCounts("d", counts(3), found)
        .filter(({ ok }) => !ok)
        .map(({ name, detail }) => `${name}: ${detail}`);
    expect(failed(counts(2))).toContain("rows of s.t: 2 rows; the manifest says 3");
    expect(failed(counts(3, "u"))).toEqual([
      "rows of 'd': 3 rows in 1 tables; the manifest says 3 in 1",
      "rows of s.t: no such table; the manifest says 3",
      "rows of s.u: 3 rows; the manifest says no such table",
    ]);
    expect(failed({ ...counts(3), largeObjects: 0 })).toEqual(["large objects of 'd': 0; the manifest says 1"]);
  });
});

describe("comparing hypertables", () => {
  const of = (chunks: number, rows: number, views: string[] = []) => ({
    license: "timescale",
    hypertables: [{ schema: "public", table: "samples", chunks, rows }],
    continuousAggregates: views.map((view) => ({ schema: "public", view })),
  });
  const failed = (found: ReturnType<typeof of> | undefined, expected = of(3, 40)) =>
    judgeTimescale("d", expected, found)
      .filter(({ ok }) => !ok)
      .map(({ name }) => name);

  it("is content with the same chunks, rows and aggregates, and with a dump that says nothing", () => {
    expect(failed(of(3, 40))).toEqual([]);
    expect(failed(of(3, 40, ["daily"]), of(3, 40, ["daily"]))).toEqual([]);
    expect(judgeTimescale("d", undefined, of(1, 1))).toEqual([]);
  });

  it.each([
    [of(2, 40), ["hypertables of 'd'", "hypertable public.samples"]],
    [of(3, 39), ["hypertables of 'd'", "hypertable public.samples"]],
    [undefined, ["hypertables of 'd'", "hypertable public.samples"]],
    [of(3, 40, ["daily"]), ["continuous aggregates of 'd'"]],
  ])("names what differs in %j", (found, names) => expect(failed(found)).toEqual(names));
});

describe("a stored setting as SQL", () => {
  it.each([
    ["search_path", `"$user", public, "Odd, ""Schema"""`, `"search_path" TO '$user', 'public', 'Odd, "Schema"'`],
    ["search_path", `""`, `"search_path" TO ''`],
    ["app.x", "it's, a list", `"app.x" TO 'it''s, a list'`],
  ])("%s = %s", (name, value, clause) => expect(settingClause(name, value)).toBe(clause));
});
