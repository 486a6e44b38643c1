import { describe, expect, it } from "vitest";
import { type OldObject, type RestoreRecord, request as requestSchema } from "../../spec/index.ts";
import { examplePlan, examplePoint } from "../spec/examples.ts";
import { NOW, POINT, restorable, type World } from "./fake-io.ts";

const CONFIRM = "backups/packit-uat/packit";
const REASON = ["--reason", "weekly refresh"];

const record = (request: RestoreRecord["request"], more: Partial<RestoreRecord> = {}): RestoreRecord => ({
  version: 1,
  id: request.id,
  ok: true,
  request,
  target: CONFIRM,
  from: { environment: "uat", plan: "packit", point: POINT },
  started: NOW.toISOString(),
  finished: NOW.toISOString(),
  seconds: 42,
  downtimeSeconds: 3,
  bytes: 170_000_000,
  checks: [{ name: "db: rows", ok: true, detail: "1,000,000 as in the manifest" }],
  superseded: ["packit_org_20261121T130000Z"],
  notes: [],
  ...more,
});

const ending =
  (ok: boolean, more: Partial<RestoreRecord> = {}): NonNullable<World["up"]> =>
  (request) => ({
    ok,
    resources: [
      {
        urn: "urn:pulumi:packit-uat::backups::restorable:index:Restore::restore",
        type: "restorable:index:Restore",
        outputs: { record: record(request, { ok, ...more }) },
      },
    ],
  });

const entry = (step: string) => ({
  id: "2026-11-20-packit-1",
  started: "2026-11-20T13:00:00Z",
  step,
  request: requestSchema.parse({ id: "2026-11-20-packit-1", point: POINT, into: { replace: {} }, confirm: CONFIRM }),
  requestDigest: "0".repeat(64),
  from: { environment: "uat", plan: "packit", point: POINT },
  superseded: ["packit_org_20261120T130000Z"],
});

describe("[beyond.8] restore", () => {
  it("shows what will happen, asks for the target's name, pins the point, and runs it by Pulumi", async () => {
    const ran = await restorable(["restore", ...REASON], { answer: CONFIRM, up: ending(true) });
    expect(ran.asked).toEqual([`Type ${CONFIRM} to go on: `]);
    for (const line of [
      /from +uat\/packit, point 20261121T010000Z-7f3a/,
      /taken +2026-11-21 01:00:00Z, 12 h 0 min ago/,
      /size +170 MB stored/,
      /does +replaces database packit on packit-db:5433\n +replaces directory \/srv\/outpack/,
      /stops +docker stop packit/,
      /keeps +what is there now, as packit_org_<time>/,
    ]) {
      expect(ran.err).toMatch(line);
    }
    expect(ran.written).toEqual([
      {
        id: "2026-11-21-packit-1",
        plan: "packit",
        point: POINT,
        into: { replace: {} },
        confirm: CONFIRM,
        reason: "weekly refresh",
      },
    ]);
    expect(ran.exit).toBe(0);
    expect(ran.out).toContain("undo      restorable rollback 2026-11-21-packit-1\n");
  });

  it.each(["", "y", "backups/packit-uat/packit ", "backups/packit-prod/packit"])(
    "does nothing when '%s' is typed, and exits 2",
    async (answer) => {
      const { exit, written, err, out, jobs } = await restorable(["restore", ...REASON], { answer });
      expect({ exit, written, out }).toEqual({ exit: 2, written: [], out: "" });
      expect(err).toContain(`error: '${answer}' is not '${CONFIRM}'`);
      expect(jobs.map(({ kind }) => kind)).toEqual(["ledger"]);
    },
  );

  it("needs --confirm where nobody can be asked", async () => {
    const silent = await restorable(["restore", ...REASON]);
    expect([silent.exit, silent.written]).toEqual([2, []]);
    expect(silent.err).toContain("nobody can be asked here, and no --confirm was given");
    const wrong = await restorable(["restore", ...REASON, "--confirm", "packit"]);
    expect([wrong.exit, wrong.written]).toEqual([2, []]);
    const right = await restorable(["restore", ...REASON, "--confirm", CONFIRM], { up: ending(true) });
    expect([right.exit, right.written.length]).toEqual([0, 1]);
  });

  it("changes nothing in a dry run, and says all the same what would be refused", async () => {
    const dry = await restorable(["restore", ...REASON, "--dry-run"]);
    expect([dry.exit, dry.written, dry.asked]).toEqual([0, [], []]);
    expect(dry.out).toContain("dry run: this would be done; nothing was changed\n");
    const refused = await restorable(["restore", "--dry-run"]);
    expect(refused.exit).toBe(2);
    expect(refused.out).toMatch(/reason +FAILED +the plan is protected: say why with --reason/);
  });

  it.each([
    ["an id that was used", ["--id", "2026-11-20-packit-1", ...REASON], {}, /request id +FAILED/],
    ["a protected plan without a reason", [], {}, /reason +FAILED/],
    [
      "an unsigned point",
      REASON,
      { points: [examplePoint(POINT, { signature: "none" })] },
      /signature +FAILED +'none'/,
    ],
    [
      "an unknown source",
      ["--source", "nope", ...REASON],
      {},
      /sources +FAILED +unknown: nope; the plan has db, outpack/,
    ],
    ["a source of the wrong kind", ["--database", "x", "--source", "outpack", ...REASON], {}, /sources +FAILED/],
  ] as const)("refuses %s before it asks", async (_, args, world, line) => {
    const restores = [entry("finished")];
    const ran = await restorable(["restore", ...args], { restores, answer: CONFIRM, ...world });
    expect([ran.exit, ran.written, ran.asked]).toEqual([2, [], []]);
    expect(ran.out).toMatch(line);
  });

  it("takes another environment's point, and says what is neutralised", async () => {
    const { location } = examplePlan().repository;
    const prod = {
      urn: "urn:prod",
      type: "restorable:index:Repository",
      outputs: { spec: { environment: "prod", location }, secrets: { AWS_ACCESS_KEY_ID: "reader" } },
    };
    const ran = await restorable(["restore", "--from", "prod", ...REASON], {
      resources: [prod],
      answer: CONFIRM,
      up: ending(true),
    });
    expect(ran.written[0]?.from).toEqual({ environment: "prod", plan: "packit" });
    expect(ran.jobs[0]).toMatchObject({ kind: "ledger", find: { repository: { environment: "prod" } } });
    expect(ran.secrets[0]).toMatchObject({ AWS_ACCESS_KEY_ID: "reader" });
    expect(ran.err).toMatch(/afterwards +from another environment: subscriptions are disabled/);
    const unknown = await restorable(["restore", "--from", "moon", ...REASON], { resources: [prod] });
    expect(unknown.err).toContain("the environment 'moon' is not known here");
  });

  it("ends with the code of what the restore failed with", async () => {
    const error = { code: "no-room", fact: "2 GB are free", hint: "make room" } as const;
    const ran = await restorable(["restore", ...REASON], { answer: CONFIRM, up: ending(false, { error }) });
    expect(ran.exit).toBe(9);
    expect(ran.out).toContain("2 GB are free (no-room)");
  });

  it("says so when Pulumi ran no restore", async () => {
    const ran = await restorable(["restore", ...REASON, "--json"], { answer: CONFIRM });
    expect(ran.exit).toBe(12);
    expect(ran.json()).toMatchObject({
      ok: false,
      error: { code: "restore-failed", fact: "`pulumi up` ran no restore" },
    });
  });

  it("counts up its ids", async () => {
    const restores = [{ ...entry("finished"), id: "2026-11-21-packit-1" }];
    const { json } = await restorable(["restore", "--dry-run", "--json", ...REASON], { restores });
    expect(json()).toMatchObject({ request: { id: "2026-11-21-packit-2", point: POINT } });
  });
});

describe("restore --path and --table", () => {
  it("says what goes back, what stays and what is kept, and writes a request that names it", async () => {
    const args = ["restore", "--path", "./a b/", "--path", "c", "--in-place", ...REASON];
    const ran = await restorable(args, { answer: CONFIRM, up: ending(true) });
    for (const line of [
      /does +puts back the paths "a b", "c" in directory \/srv\/outpack; everything else there stays/,
      /stops +docker stop packit/,
      /keeps +what stands in their place now, in \/srv\/outpack_org_<time>/,
    ]) {
      expect(ran.err).toMatch(line);
    }
    expect(ran.written).toMatchObject([{ into: { inPlace: {} }, only: { paths: ["a b", "c"] } }]);
    expect(ran.out).toMatch(/only +the paths "a b", "c"/);
  });

  it("takes a table into a new database, and refuses one that the point does not hold before it asks", async () => {
    const [name = ""] = exampleTables();
    const ran = await restorable(["restore", "--table", name, "--database", "check", "--dry-run", ...REASON]);
    expect(ran.exit, ran.out).toBe(0);
    expect(ran.out).toContain(`creates the database check on packit-db:5433, with only the table "${name}"`);
    expect(ran.out).toMatch(/stops +nothing/);
    const refused = await restorable(["restore", "--table", "Nope", "--database", "check", "--dry-run", ...REASON]);
    expect(refused.out).toMatch(/table +FAILED +the point holds no rows of "public"\."Nope"/);
  });

  it.each([
    [["--path", "a"], "nothing says where to", "give --in-place to put the paths back where they were"],
    [["--table", "a"], "nothing says where to", "give the name of a new --database"],
    [["--path", "a", "--table", "b", "--database", "c"], "--path and --table are named at once", ""],
    [["--path", "../a", "--in-place"], "expected a path without '.', '..'", ""],
    [["--path", "/a", "--in-place"], "not an absolute one", ""],
    [["--table", "a", "--in-place"], "Restore them into a new one and copy the rows: pg_dump --data-only", ""],
  ])("refuses %j", async (args, fact, hint) => {
    const ran = await restorable(["restore", ...args, ...REASON]);
    expect([ran.exit, ran.written]).toEqual([2, []]);
    expect(ran.err).toContain(fact);
    expect(ran.err).toContain(hint);
  });
});

const exampleTables = (): readonly string[] =>
  examplePoint(POINT).manifest.sources.flatMap((each) =>
    each.kind === "postgres" ? each.counts.map(({ schema, table }) => `${schema}.${table}`) : [],
  );

describe("restore --object", () => {
  const key = (what: string) => `vbox-${what.replace(".", "-20220803T084827.")}`;
  const [DUMP, IMAGES] = [key("ailabeltooldb.dump"), key("aide_images.tar")];
  const named = { time: "2022-08-03T08:48:27", host: "vbox", safety: false };
  const old: readonly OldObject[] = [
    { key: DUMP, kind: "postgres", format: "pg-custom", bytes: 4_000_000, pairs: [IMAGES], ...named },
    { key: IMAGES, kind: "files", format: "tar", bytes: 1_000_000, pairs: [DUMP], ...named },
  ];
  const args = ["restore", "--object", DUMP, ...REASON];

  it("says what it means, asks for no private key, and writes a request that names the object", async () => {
    const ran = await restorable([...args, "--unverified"], { old, answer: CONFIRM, up: ending(true) });
    for (const line of [
      /from +the repository of uat\/packit, old object vbox-ailabeltooldb-20220803T084827\.dump\n +and of the same run object vbox-aide_images-20220803T084827\.tar/,
      /taken +2022-08-03 08:48:27 by the clock of vbox: its name has no zone/,
      /size +5\.0 MB stored/,
      /does +replaces database packit on packit-db:5433\n +replaces directory \/srv\/outpack/,
      /warning +UNVERIFIED: no manifest says what the old object held/,
      /afterwards +as from another environment: subscriptions are disabled/,
      /signature +ok +'none', taken because of --unverified/,
      /key +ok +none is needed/,
    ]) {
      expect(ran.err).toMatch(line);
    }
    expect(ran.written).toMatchObject([{ point: { object: DUMP }, unverified: true, into: { replace: {} } }]);
    expect(ran.exit).toBe(0);
  });

  it("takes one of a run where its source is named", async () => {
    const { out, exit } = await restorable([...args, "--unverified", "--source", "db", "--dry-run"], { old });
    expect(exit).toBe(0);
    expect(out).toMatch(/does +replaces database packit on packit-db:5433\nstops/);
    expect(out).not.toContain(IMAGES);
  });

  it.each([
    ["without --unverified", args, 7, "no manifest and no signature: nothing says that it is what it was"],
    ["for an unknown key", [...args, "--unverified"], 3, `there is no old object '${DUMP}'`],
    ["for a name of another kind", ["restore", "--object", "x.sql", "--unverified"], 2, "is not a name that AIDE's"],
    ["beside a point", [...args, "--unverified", "latest"], 2, "'latest' and --object both name a point"],
    ["beside --before", [...args, "--before", "2026-11-20T18:00:00Z"], 2, "--before and --object both name a point"],
  ] as const)("is refused %s", async (_, words, code, text) => {
    const { exit, err, written } = await restorable(words, { answer: CONFIRM });
    expect([exit, written]).toEqual([code, []]);
    expect(err).toContain(text);
  });

  it("is refused where a plan has two sources that it may be of", async () => {
    const [db, ...sources] = examplePlan().sources;
    if (!db) throw new Error("no source");
    const plans = [{ ...examplePlan(), sources: [db, { ...db, name: "db2" }, ...sources] }];
    const ran = await restorable([...args, "--unverified"], { old, plans, answer: CONFIRM });
    expect([ran.exit, ran.written]).toEqual([2, []]);
    expect(ran.out).toMatch(/one source +FAILED +vbox-ailabeltooldb\S+ may be of db or db2: name one\s+with --source/);
  });

  it("is listed where the plan has a layout", async () => {
    const sources = examplePlan().sources.map((source) =>
      source.kind === "postgres" ? { ...source, database: "ailabeltooldb" } : source,
    );
    const plans = [{ ...examplePlan(), sources, layout: { kind: "aide" } }];
    const { out } = await restorable(["list"], { old, plans });
    expect(out).toMatch(
      /vbox-ailabeltooldb-20220803T084827\.dump +2022-08-03 08:48:27 +vbox +4\.0 MB +vbox-aide_images/,
    );
    expect((await restorable(["list", "--json"], { old, plans })).json().old).toHaveLength(2);
    expect((await restorable(["list"], { old })).out).not.toContain("OLD OBJECT");
  });
});

describe("resume and rollback", () => {
  it("say which restores there are when the id is unknown", async () => {
    const { exit, err } = await restorable(["resume", "nope"], { restores: [entry("finished")] });
    expect(exit).toBe(3);
    expect(err).toContain(
      "the ledger knows no restore 'nope' in /var/lib/restorable\n  restores there: 2026-11-20-packit-1",
    );
    expect((await restorable(["resume"], { restores: [entry("finished")] })).err).toContain(
      "no restore is waiting to be ended",
    );
  });

  it.each([
    ["rollback", /brings back +packit_org_20261120T130000Z/],
    ["clean", /removes +packit_org_20261120T130000Z/],
  ])("a %s asks for the target's name as well", async (command, text) => {
    const { exit, err, jobs } = await restorable([command, "2026-11-20-packit-1"], {
      restores: [entry("finished")],
      answer: "yes",
    });
    expect(exit).toBe(2);
    expect(err).toMatch(text);
    expect(jobs.map(({ kind }) => kind)).toEqual(["ledger"]);
  });
});
