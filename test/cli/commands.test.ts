import { describe, expect, it } from "vitest";
import { ERROR_CODES, JobError, result } from "../../spec/index.ts";
import { series } from "../runner/prune/cases.ts";
import { examplePlan, examplePoint } from "../spec/examples.ts";
import { POINT, restorable } from "./fake-io.ts";

const SECRET = "hunter2";
const POINTS = series("2026-11-21T01:00:00Z", 20, 24, { 1: { proofs: [true] }, 3: { marks: ["hold"] } });
const ONE_RULE = { ...examplePlan(), retention: { keepLast: 2, minimum: 1 } };

describe("every command", () => {
  const COMMANDS = [
    ["plan"],
    ["status"],
    ["list"],
    ["show"],
    ["backup"],
    ["check"],
    ["backup", "--verify"],
    ["orphans"],
    ["verify"],
    ["prune"],
    ["restore", "--dry-run", "--reason", "x"],
    ["mark", "accept", POINT, "--reason", "x"],
  ];

  it.each(COMMANDS)("%s prints with --json one JSON value on stdout and nothing else there", async (...args) => {
    const { out, exit, json } = await restorable([...args.flat(), "--json"]);
    expect(exit).toBe(0);
    expect(out.endsWith("\n")).toBe(true);
    expect(out.trimEnd()).not.toContain("\n");
    expect(json()).toMatchObject({ version: 1, ok: true });
  });

  it.each(COMMANDS)("%s says a failure as JSON, and exits by its code", async (...args) => {
    const error = new JobError("too-few-rights", "the reader may not list", "let it list");
    const failing = Object.fromEntries(
      ["backup", "catalog", "check", "ledger", "verify", "prune", "mark", "orphans"].map((kind) => [kind, error]),
    );
    const { exit, json } = await restorable([...args.flat(), "--json"], {
      failing,
      plans: args[0] === "plan" ? [{}] : [examplePlan()],
    });
    expect(json()).toMatchObject({ version: 1, ok: false });
    expect(exit).toBe(args[0] === "plan" ? ERROR_CODES["bad-spec"].exit : ERROR_CODES["too-few-rights"].exit);
  });

  it.each(COMMANDS)("%s shows no secret", async (...args) => {
    for (const json of [[], ["--json"]]) {
      const { out, err } = await restorable([...args.flat(), ...json]);
      expect(out + err).not.toContain(SECRET);
    }
  });

  it("hands the secrets of the state to jobs, beside the environment", async () => {
    const { secrets } = await restorable(["backup"], { env: { HOME: "/root", PACKIT_PASSWORD: "old" } });
    expect(secrets[0]).toEqual({ HOME: "/root", PACKIT_PASSWORD: SECRET });
  });
});

describe("list", () => {
  it("shows the newest first, whatever order the catalog has", async () => {
    const { out } = await restorable(["list"], { points: POINTS.slice(0, 4).toReversed() });
    expect(out).toBe(
      `\
POINT                  BEGUN                        AGE        TOOK  STORED       ROWS   FILES  STATE
20261121T010000Z-1000  2026-11-21 01:00:00Z  12 h 0 min  1 min 30 s  170 MB  1,000,000  10,000
20261120T010000Z-1001  2026-11-20 01:00:00Z    1 d 12 h  1 min 30 s  170 MB  1,000,000  10,000  proven
20261119T010000Z-1002  2026-11-19 01:00:00Z    2 d 12 h  1 min 30 s  170 MB  1,000,000  10,000
20261118T010000Z-1003  2026-11-18 01:00:00Z    3 d 12 h  1 min 30 s  170 MB  1,000,000  10,000  held
`,
    );
  });

  it("says what to do when there is nothing", async () => {
    const { out, exit } = await restorable(["list"], { points: [] });
    expect([exit, out]).toEqual([
      0,
      "there is no recovery point of uat/packit in s3://backups/montagu at https://s3.example.org; take one with `restorable backup`\n",
    ]);
  });

  it("gives the catalog's own result as JSON", async () => {
    const { json } = await restorable(["list", "--json"]);
    expect(result.safeParse(json()).success).toBe(true);
  });
});

describe("backup --verify", () => {
  it("reads back the point that it has just taken, and ends well only if that is good", async () => {
    const good = await restorable(["backup", "--verify"]);
    expect([good.exit, good.jobs.map(({ kind }) => kind)]).toEqual([0, ["backup", "catalog", "verify"]]);
    expect(good.jobs.at(-1)).toMatchObject({ point: POINT, record: true });
    expect(good.out).toMatch(/^point +20261121T010000Z-7f3a\n/);
    expect(good.out).toMatch(/db: dump +ok +read to its end\n/);
    expect(good.out).toContain("20261121T010000Z-7f3a is good: 150 MB read in 4 s; not recorded as a proof\n");
    expect(good.err).toContain("warning: without --identity what is encrypted stays closed: this is no proof\n");
  });

  it("ends with an error for a point that is not good, and gives manifest and proof as JSON", async () => {
    const bad = await restorable(["backup", "--verify", "--json"], { good: false });
    expect(bad.exit).toBe(ERROR_CODES.corrupt.exit);
    expect(bad.json()).toMatchObject({ kind: "backup", manifest: { id: POINT }, proof: { point: POINT, ok: false } });
    const failing = { verify: new JobError("too-few-rights", "the reader may not get", "let it get") };
    expect((await restorable(["backup", "--verify"], { failing })).exit).toBe(ERROR_CODES["too-few-rights"].exit);
  });
});

describe("backup --directory", () => {
  const HOME = { kind: "directory", path: "/srv/operator/chipster" };

  it("brings the point that it has just taken to this machine, and says how it is opened there", async () => {
    const { exit, jobs, out, err } = await restorable(["backup", "--directory", "chipster", "--wait", "30"]);
    expect(exit).toBe(0);
    expect(jobs).toMatchObject([
      { kind: "backup", waitSeconds: 1800 },
      { kind: "copy", points: [POINT], to: { environment: "uat", location: HOME } },
    ]);
    expect(err).toContain(`point ${POINT} is stored; bringing it to /srv/operator/chipster\n`);
    expect(out).toMatch(/brought to +\/srv\/operator\/chipster, 1.0 kB read, every byte compared/);
    expect(out).toMatch(
      /restorable restore --repository \/srv\/operator\/chipster --environment uat --plan packit --public-key /,
    );
  });

  it("ends with an error where a byte is not what it was, and says where the point is", async () => {
    const { exit, json } = await restorable(["backup", "--directory", "/srv/x", "--json"], { good: false });
    expect(exit).toBe(ERROR_CODES.corrupt.exit);
    expect(json()).toMatchObject({ error: { fact: expect.stringContaining("was not brought to /srv/x") } });
  });

  it("refuses the plan's own repository, and a wait that is no number, before any job runs", async () => {
    const plan = examplePlan();
    const plans = [{ ...plan, repository: { ...plan.repository, location: HOME } }];
    const own = await restorable(["backup", "--directory", "chipster"], { plans });
    expect([own.exit, own.jobs]).toEqual([2, []]);
    const wait = await restorable(["backup", "--wait", "soon"]);
    expect([wait.exit, wait.jobs]).toEqual([2, []]);
  });
});

describe("orphans", () => {
  const report = {
    name: "datafiles",
    of: "media",
    rows: 1200,
    objects: 1199,
    missing: { count: 2, first: ["a", "b"] },
    extra: { count: 3, first: ["c"] },
  };

  it("lists both sides, says where there is more, and exits as unhealthy", async () => {
    const { exit, out, jobs } = await restorable(["orphans", "--limit", "2"], { reports: [report] });
    expect(exit).toBe(ERROR_CODES.unhealthy.exit);
    expect(jobs).toMatchObject([{ kind: "orphans", limit: 2, plan: { name: "packit" } }]);
    for (const line of [
      /^datafiles +1,200 rows, 1,199 in media$/m,
      /^missing +2 rows expect what is not in media:\n +a\n +b$/m,
      /^extra +3 in media that no row expects:\n +c\n +…$/m,
    ])
      expect(out).toMatch(line);
  });

  it("exits 0 where nothing is missing or extra, and says where there is nothing to compare by", async () => {
    const { exit, out } = await restorable(["orphans"]);
    expect([exit, out]).toEqual([0, "the plan 'packit' names no query to compare by\n"]);
  });

  it.each(["none", "-1", "1.5", "100000"])("refuses the limit '%s' before any job runs", async (limit) => {
    const { exit, jobs } = await restorable(["orphans", "--limit", limit]);
    expect([exit, jobs]).toEqual([2, []]);
  });
});

describe("status and check", () => {
  it("exit 0 when the plan is healthy, and say what is next", async () => {
    const { exit, out } = await restorable(["status"], { points: POINTS });
    expect(exit).toBe(0);
    expect(out).toContain("newest    20261121T010000Z-1000, 12 h 0 min old, of 20\n");
    expect(out).toContain("proven    20261120T010000Z-1001\n");
    expect(out).toContain("next run  2026-11-22 00:00:00Z, in 11 h 0 min\n");
  });

  it("[chipster.1] exit 15 when only a plan is not healthy that is not critical, and 13 when a critical one is", async () => {
    const ordinary = { ...examplePlan(), name: "auth", criticality: "ordinary" };
    const critical = { ...examplePlan(), name: "session-db" };
    const failed = { points: [examplePoint(POINT, { flagged: true })] };
    const check = await restorable(["check", "--json"], { ...failed, plans: [ordinary] });
    expect(check.exit).toBe(15);
    expect(check.json()).toMatchObject({ healthy: false, criticality: "ordinary" });
    expect((await restorable(["status"], { ...failed, plans: [ordinary] })).exit).toBe(15);
    const both = await restorable(["status"], { ...failed, plans: [ordinary, critical] });
    expect(both.exit).toBe(13);
    expect(both.out).toContain("auth (uat, not critical)");
  });

  it("exit 13 when it is not, and say why", async () => {
    const points = [examplePoint(POINT, { flagged: true })];
    const [status, check] = await Promise.all([restorable(["status"], { points }), restorable(["check"], { points })]);
    expect([status.exit, check.exit]).toEqual([13, 13]);
    expect(status.out).toContain("NOT healthy");
    expect(status.out).toMatch(/pruning +FROZEN: point 20261121T010000Z-7f3a is flagged/);
    expect(check.out).toMatch(/flags +FAILED +20261121T010000Z-7f3a: rows fell from 9 to 1/);
  });

  it("expect the drills that the stack declares of this plan", async () => {
    const drill = { environment: "uat", plan: "packit", schedule: { kind: "cron", cron: "@weekly", timeZone: "UTC" } };
    const declared = (outputs: object) => ({
      resources: [{ urn: "urn:pulumi::x::drill", type: "restorable:index:Drill", outputs: { drill: outputs } }],
    });
    const never = await restorable(["check"], declared(drill));
    expect([never.exit, never.out]).toEqual([
      13,
      expect.stringMatching(/drills +FAILED +drills are scheduled, and none/),
    ]);
    for (const other of [declared({ ...drill, plan: "other" }), {}]) {
      expect(await restorable(["check"], other)).toMatchObject({ exit: 0, out: expect.not.stringContaining("drills") });
    }
  });
});

describe("prune", () => {
  it("is a dry run until it is confirmed", async () => {
    const dry = await restorable(["prune"], { points: POINTS, plans: [ONE_RULE] });
    expect(dry.jobs).toMatchObject([{ kind: "prune", confirm: false }]);
    expect(dry.out).toContain(
      "17 of 20 points would expire; nothing was changed: run it again with --confirm to act\n",
    );
    const done = await restorable(["prune", "--confirm"], { points: POINTS, plans: [ONE_RULE] });
    expect(done.jobs).toMatchObject([{ kind: "prune", confirm: true }]);
    expect(done.out).toContain("17 of 20 points marked and deleted\n");
  });

  it("refuses a plan without retention", async () => {
    const { retention: _, ...plan } = examplePlan();
    const { exit, err } = await restorable(["prune", "--confirm"], { plans: [plan] });
    expect([exit, err]).toEqual([
      2,
      "error: the plan 'packit' has no retention: everything is kept\n  declare a retention to let points expire\n  (bad-config)\n",
    ]);
  });
});

describe("a wrong command line", () => {
  it.each([
    [["list", "--nope"], "unknown option '--nope'"],
    [["lst"], "unknown command 'lst'"],
    [["rollback"], "missing required argument 'id'"],
    [["mark", "accept", POINT], "required option '--reason <text>' not specified"],
    [["mark", "bless", POINT, "--reason", "x"], "'bless' is no mark"],
    [["mark", "hold", "latest", "--reason", "x"], "a mark needs the id of its point"],
    [["show", "newest"], "POINT: expected 'latest', a recovery-point id like"],
    [["restore", "latest", "--before", "2026-01-01T00:00:00Z"], "'latest' and --before both name a point"],
    [["restore", "--before", "2026-01-01"], "--before.before: expected a time with an offset"],
    [["restore", "--database", "a", "--in-place"], "two places are named to restore into"],
    [["restore", "--recreate-claim", "data-db-0"], "--recreate-claim deletes a volume"],
    [["list", "--repository", "s3://b"], "--repository needs --environment NAME"],
    [["list", "--repository", "ftp://b/x", "--environment", "e", "--plan", "p"], "'ftp://b/x' is not a repository"],
    [
      ["list", "--repository", "s3://B_x/y?region=eu-north-1", "--environment", "prod", "--plan", "p"],
      "--repository.bucket: expected an S3 bucket name",
    ],
    [
      ["list", "--repository", "s3://bucket?colour=red", "--environment", "prod", "--plan", "p"],
      "--repository: unknown key 'colour'",
    ],
    [["plan", "--target", "/nowhere/plan.json"], "/nowhere/plan.json cannot be read as a plan"],
  ])("%j exits 2 and says '%s'", async (args, sentence) => {
    const { exit, err, out, jobs } = await restorable(args);
    expect(err).toContain(sentence);
    expect({ exit, out, jobs }).toEqual({ exit: 2, out: "", jobs: [] });
  });

  it("says it as JSON as well", async () => {
    const { json, exit } = await restorable(["list", "--nope", "--json"]);
    expect([exit, json()]).toEqual([
      2,
      { version: 1, ok: false, error: { code: "bad-config", fact: "unknown option '--nope'", hint: "see --help" } },
    ]);
  });
});

describe("which plan", () => {
  const two = { plans: [examplePlan(), { ...examplePlan(), name: "orderly" }] };

  it("is asked for where there are several", async () => {
    const { exit, err } = await restorable(["list"], two);
    expect([exit, err]).toEqual([
      3,
      "error: the stack has several plans: packit, orderly\n  name one with --plan\n  (unknown-plan)\n",
    ]);
    expect((await restorable(["list", "--plan", "orderly"], two)).jobs).toMatchObject([{ plan: "orderly" }]);
    expect((await restorable(["list", "--plan", "other"], two)).err).toContain("there is no plan 'other'");
  });

  it("is all of them for a status", async () => {
    expect((await restorable(["status", "--json"], two)).json()).toMatchObject({
      plans: [{ plan: "packit" }, { plan: "orderly" }],
    });
  });

  it("is none in a stack without any", async () => {
    const { exit, err } = await restorable(["list"], { plans: [] });
    expect(exit).toBe(3);
    expect(err).toContain("the state of stack 'packit-uat' holds no plan");
  });

  it("is named by its repository when there is no state, with credentials from the environment by name", async () => {
    const args = [
      "--repository",
      "s3://bucket/pre/fix?endpoint=http://localhost:9000&region=eu",
      "--environment",
      "prod",
      "--plan",
      "packit",
    ];
    const { jobs } = await restorable(["list", ...args], {
      env: { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" },
    });
    expect(jobs).toMatchObject([
      {
        plan: "packit",
        repository: {
          environment: "prod",
          location: {
            kind: "s3",
            bucket: "bucket",
            prefix: "pre/fix",
            endpoint: "http://localhost:9000",
            region: "eu",
            credentials: { writer: { accessKeyId: { kind: "env", name: "AWS_ACCESS_KEY_ID" } } },
          },
        },
      },
    ]);
    const directory = await restorable(["list", "--repository", "backups", "--environment", "prod", "--plan", "p"]);
    expect(directory.jobs).toMatchObject([
      { repository: { location: { kind: "directory", path: "/srv/operator/backups" } } },
    ]);
  });
});
