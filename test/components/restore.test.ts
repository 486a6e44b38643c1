import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { BackupPlan, Repository, Restore, type RestoreArgs, type RestoreRequest } from "../../components/index.ts";
import { canonicalJson, launch } from "../../spec/index.ts";
import { aBucket, aRepository, PUBLIC_KEY, planArgs } from "./support/args.ts";
import { isSecret, known, type MockOptions, mockEngine, unwrapped } from "./support/mock-engine.ts";

const REQUEST: RestoreRequest = {
  id: "one",
  point: "latest",
  into: { replace: {} },
  confirm: "backups/montagu-uat/packit-plan",
  reason: "a test",
};

const RECORD = {
  version: 1,
  id: "one",
  ok: true,
  request: REQUEST,
  target: REQUEST.confirm,
  from: { environment: "uat", plan: "packit-plan" },
  started: "2026-11-21T10:00:00.000Z",
  finished: "2026-11-21T10:01:00.000Z",
  seconds: 60,
  downtimeSeconds: 2,
  bytes: 1,
  checks: [],
  superseded: [],
  notes: [],
};

const setUp = async (options: MockOptions = {}) => {
  const engine = await mockEngine(options);
  const plan = new BackupPlan("packit", planArgs(aRepository()));
  const prod = new Repository("prod", {
    directory: "/prod",
    environment: "prod",
    signing: { none: {} },
    trusted: [PUBLIC_KEY],
  });
  const build = (args: Partial<RestoreArgs> = {}) => new Restore("restore", { plans: [plan], from: [prod], ...args });
  const request = (change: object) => build({ request: { ...REQUEST, ...change } as RestoreRequest });
  return { engine, plan, prod, build, request };
};

test("without a request there is no Command; the Stash stays as it was", async () => {
  const { engine, build } = await setUp();
  build();
  await engine.settled();
  const children = engine.resources.filter(({ parent }) => parent.endsWith("restorable:index:Restore::restore"));
  expect(children.map(({ name, type }) => [name, type])).toEqual([["restore-record", "pulumi:index:Stash"]]);
  expect(children[0]).toMatchObject({ ignoreChanges: ["input"], replaceOnChanges: [] });
});

test("a request is one Command, triggered by the whole request and nothing else, and one Stash of its record", async () => {
  const { engine, build } = await setUp({ stdout: { "restore-run": JSON.stringify(RECORD) } });
  const restore = build({ request: REQUEST, identity: pulumi.secret("AGE-SECRET-KEY-1") });
  expect(await known(restore.record)).toEqual(RECORD);
  await engine.settled();
  const run = engine.named("restore-run");
  expect(run).toMatchObject({
    type: "command:local:Command",
    ignoreChanges: ["create", "environment", "stdin", "dir", "interpreter", "logging"],
    createTimeout: "6h",
    inputs: {
      create: '"$RESTORABLE_NODE" "$RESTORABLE_LAUNCH"; exit $?',
      triggers: [canonicalJson(REQUEST)],
      logging: "stderr",
      addPreviousOutputInEnv: false,
    },
  });
  expect(run.parent).toContain("restorable:index:Restore::restore");
  expect(Object.keys(run.inputs)).not.toContain("delete");
  expect(Object.keys(run.inputs)).not.toContain("update");
  expect(engine.named("restore-record")).toMatchObject({
    ignoreChanges: [],
    replaceOnChanges: ["input"],
    inputs: { input: RECORD },
  });
});

test("the launch holds plan, repository and the request with its digest, and no secret", async () => {
  const { engine, request } = await setUp();
  request({ from: { environment: "prod", plan: "packit" } });
  await engine.settled();
  const text = String(engine.named("restore-run").inputs.stdin);
  const given = launch.parse(JSON.parse(text));
  const asked = { ...REQUEST, from: { environment: "prod", plan: "packit" } };
  expect(given).toMatchObject({
    kind: "restore",
    plan: { name: "packit-plan" },
    from: { plan: "packit", repository: { environment: "prod", location: { path: "/prod" } } },
    request: asked,
    requestDigest: createHash("sha256").update(canonicalJson(asked)).digest("hex"),
    identity: { kind: "env", name: "RESTORABLE_IDENTITY" },
  });
  expect(text).not.toMatch(/of-tests|PRIVATE KEY/);
});

test("every secret is in the environment, which is secret as a whole", async () => {
  const { engine, build } = await setUp();
  build({ request: REQUEST, identity: "AGE-SECRET-KEY-1" });
  await engine.settled();
  const { environment, ...others } = engine.named("restore-run").inputs;
  expect(isSecret(environment)).toBe(true);
  expect(Object.keys(unwrapped(environment) as object).sort()).toEqual([
    "RESTORABLE_IDENTITY",
    "RESTORABLE_LAUNCH",
    "RESTORABLE_MONTAGU_FILES_PASSWORD",
    "RESTORABLE_MONTAGU_PROVER_KEY",
    "RESTORABLE_MONTAGU_SIGNING_KEY",
    "RESTORABLE_NODE",
    "RESTORABLE_PACKIT_PLAN_DB_ADMIN_PASSWORD",
    "RESTORABLE_PACKIT_PLAN_DB_PASSWORD",
  ]);
  expect(JSON.stringify(others)).not.toMatch(/AGE-SECRET-KEY|of-tests|PRIVATE KEY/);
});

test("the same request with its keys in another order triggers nothing", async () => {
  const { engine, build } = await setUp();
  const reversed = Object.fromEntries(Object.entries(REQUEST).reverse()) as RestoreRequest;
  build({ request: reversed });
  await engine.settled();
  expect(engine.named("restore-run").inputs.triggers).toEqual([canonicalJson(REQUEST)]);
});

test("the bucket is made before a restore from it is run", async () => {
  const engine = await mockEngine();
  const repository = new Repository("montagu", { s3: { bucket: aBucket() }, environment: "uat" });
  const plan = new BackupPlan("packit", planArgs(repository));
  new Restore("restore", { plans: [plan], request: REQUEST });
  await engine.settled();
  expect(engine.named("restore-run").dependencies.map((urn) => urn.split("::").at(-1))).toContain("backups-bucket");
});

test("what is no record on stdout is a failed one, so that later updates go on", async () => {
  const { build } = await setUp({ stdout: { "restore-run": "Segmentation fault" } });
  expect(await known(build({ request: REQUEST }).record)).toMatchObject({ ok: false, error: { code: "bug" } });
});

const WRONG: readonly (readonly [object, string])[] = [
  [{ id: "" }, "request.id: expected 1 to 100 letters"],
  [{ id: 2026 }, "request.id: expected string, received number"],
  [{ id: pulumi.output("x") }, "request.id: expected string, received an Output"],
  [{ plan: "other" }, "request.plan: unknown plan 'other'; expected one of packit-plan"],
  [{ from: "prod" }, "request.from: expected object, received string"],
  [
    { from: { environment: "science" } },
    "request.from.environment: unknown environment 'science'; expected one of uat, prod",
  ],
  [{ from: { stack: "x" } }, "request.from: unknown key 'stack'"],
  [{ point: "yesterday" }, "request.point: expected 'latest', a recovery-point id"],
  [{ point: { before: "2026-11-20 18:00" } }, "request.point"],
  [{ into: {} }, "request.into: expected exactly one of replace, inPlace, database, directory"],
  [{ into: { directory: "x" } }, "request.into.directory: expected an absolute path"],
  [
    { into: { database: "new" }, sources: ["outpack"] },
    "request.into.database: takes one postgres source; name one of db in request.sources",
  ],
  [
    { into: { inPlace: { recreateClaims: ["data-db-0"] } } },
    "request.into.inPlace.recreateClaims: needs a plan whose target is kubernetes",
  ],
  [{ sources: [] }, "request.sources: "],
  [{ sources: ["db", "vault"] }, "request.sources[1]: unknown source 'vault'; plan 'packit-plan' has db, outpack"],
  [
    { confirm: "packit" },
    "request.confirm: must equal 'backups/montagu-uat/packit-plan', the target of this restore; received 'packit'",
  ],
  [{ confirm: undefined }, "request.confirm: is missing; expected string"],
  [{ reason: undefined }, "request.reason: is missing; 'backups/montagu-uat/packit-plan' is protected"],
  [{ unverified: "yes" }, "request.unverified: expected boolean, received string"],
  [{ force: true }, "request: unknown key 'force'"],
];

test.each(WRONG)(
  "[beyond.8] a wrong request is refused with its path before anything is declared: %#",
  async (change, line) => {
    const { engine, request } = await setUp();
    expect(() => request(change)).toThrow(`Restore "restore": ${line}`);
    await engine.settled();
    expect(engine.resources.filter(({ type }) => type.includes("Restore") || type.includes("Command"))).toEqual([]);
  },
);

test.each([
  [{ plans: [] }, "plans: expected at least one plan"],
  [{ plans: [{ name: "packit" }] }, "plans[0]: expected a BackupPlan"],
  [{ from: ["prod"] }, "from[0]: expected a Repository"],
  [{ identity: 5 }, "identity: expected string, received number"],
  [{ request: "seven" }, "request: expected object, received string"],
  [{ requests: {} }, "unknown key 'requests'"],
] as const)("[beyond.8] wrong arguments are refused with their path: %#", async (args, line) => {
  const { build } = await setUp();
  expect(() => build(args as never)).toThrow(`Restore "restore": ${line}`);
});

test("a request that names no plan where there are two is refused with their names", async () => {
  const { plan, build } = await setUp();
  const other = new BackupPlan("other", { ...planArgs(aRepository("second")), name: "other" });
  expect(() => build({ plans: [plan, other], request: REQUEST })).toThrow(
    "request.plan: is missing; expected one of packit-plan, other",
  );
});
