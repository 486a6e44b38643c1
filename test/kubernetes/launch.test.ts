import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runnerOn } from "../../launch/index.ts";
import { type Plan, type Progress, parse, plan as planSchema } from "../../spec/index.ts";
import { LISTING, launched, launchOf, startLauncher } from "../docker/support/launches.ts";
import { succeeded } from "../runner/world.ts";
import { ClusterWorld } from "./support/world.ts";

const ROWS = "SELECT count(*), md5(string_agg(text, ',' ORDER BY n)) FROM t";

const SEED = `
  fs.mkdirSync("/data/photos/empty", { recursive: true });
  fs.writeFileSync("/data/photos/é.bin", require("node:crypto").randomBytes(300_000));
  fs.symlinkSync("photos/é.bin", "/data/latest");
  fs.writeFileSync("/data/tool", "#!/bin/sh"); fs.chmodSync("/data/tool", 0o755);`;

const never = new AbortController().signal;

describe("a plan in a cluster · Kubernetes, postgres 17, versitygw", () => {
  let world: ClusterWorld;
  let plan: Plan;
  let point: string;
  let rows: string;
  let files: string;
  const said: Progress[] = [];
  const listing = () => world.inFiles(LISTING.replaceAll("process.argv[1]", '"/data"'));

  beforeAll(async () => {
    world = await ClusterWorld.make("launch");
    ({ plan } = world);
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    await world.inFiles(SEED);
    rows = await world.sql("app", ROWS);
    files = await listing();
  });

  afterAll(() => world?.close());

  const run = (job: Parameters<ReturnType<typeof runnerOn>>[0], on = plan) =>
    runnerOn(on, { patienceSeconds: 3 })(job, {
      secrets: world.secrets,
      onProgress: (line) => said.push(line),
      signal: never,
    });
  /** What jobs leave in the namespace. */
  const left = () => world.kubectl("get", "jobs,secrets", "--selector", "restorable.plan=app", "--output", "name");

  test("a backup runs there under restricted Pod Security, its progress is followed, and nothing of it stays", async () => {
    const { manifest } = succeeded(await run({ kind: "backup", version: 1, plan }), "backup");
    point = manifest.id;
    expect(manifest.sources.map(({ name }) => name)).toEqual(["db", "files"]);
    expect(said.filter(({ type }) => type === "step").length).toBeGreaterThan(2);
    expect(await left()).toBe("");
  });

  test("a verify opens it there", async () => {
    const { repository, name } = plan;
    const job = { kind: "verify", version: 1, repository, plan: name, point, record: false } as const;
    const { proof } = succeeded(await run(job), "verify");
    expect(proof.ok).toBe(true);
  });

  test("a database and a claim are swapped in place by the launcher, around an application that is scaled to none", async () => {
    await world.sql("app", "UPDATE t SET text = 'wrong'; DELETE FROM t WHERE n > 5");
    await world.inFiles('fs.rmSync("/data/photos", { recursive: true }); fs.writeFileSync("/data/stray", "x");');
    const running = startLauncher(world, launchOf(plan, { id: "swap-1", into: { replace: {} } }));
    const record = await launched(running);
    expect(record.error).toBeUndefined();
    expect(record).toMatchObject({ ok: true, from: { point } });
    expect(await world.sql("app", ROWS)).toBe(rows);
    expect(await listing()).toBe(files);
    const app = JSON.parse(
      await world.kubectl("get", "deployment", "app", "--output", "json", "--show-managed-fields"),
    );
    expect(app.spec.replicas).toBe(2);
    expect(app.status.readyReplicas).toBe(2);
    expect(JSON.stringify(app.metadata.annotations)).not.toContain("restorable");
    expect(JSON.stringify(app.metadata.managedFields)).not.toContain("restorable");
    expect((await running).all).toContain("stopping: Deployment app");
    expect(await left()).toBe("");
  });

  test("files go into a new claim, which is labelled; one that holds something is refused", async () => {
    const launch = (id: string) => launchOf(plan, { id, into: { volume: "files-new" } });
    const record = await launched(startLauncher(world, launch("new-1")));
    expect(record.error).toBeUndefined();
    const claim = JSON.parse(await world.kubectl("get", "persistentvolumeclaim", "files-new", "--output", "json"));
    expect(claim.metadata.labels).toMatchObject({ "restorable.plan": "app" });
    expect(claim.spec.resources.requests.storage).toBe("200Mi");
    const again = await launched(startLauncher(world, launch("new-2")));
    expect(again).toMatchObject({ ok: false, error: { code: "target-not-empty" } });
  });

  test.each([
    ["missing-image", { image: "registry.invalid/nobody:none" }, "imagePullSecrets"],
    ["missing-namespace", { namespace: "no-such-namespace" }, "kubectl get namespaces"],
    ["bad-config", { context: "no-such-context" }, "context"],
  ])("%s is named, and nothing stays", async (code, change, hint) => {
    const wrong = parse(planSchema, { ...plan, target: { ...plan.target, ...change } }, "plan");
    await expect(run({ kind: "backup", version: 1, plan: wrong }, wrong)).rejects.toMatchObject({
      code,
      hint: expect.stringContaining(hint),
    });
    expect(await left()).toBe("");
  });

  test("a claim that is not there is named", async () => {
    const sources = plan.sources.map((source) =>
      source.kind === "files" ? { ...source, mount: { kind: "claim", name: "no-such-claim" } } : source,
    );
    const wrong = parse(planSchema, { ...plan, sources }, "plan");
    await expect(run({ kind: "backup", version: 1, plan: wrong }, wrong)).rejects.toMatchObject({
      code: "missing-volume",
    });
  });
});
