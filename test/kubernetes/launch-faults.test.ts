import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Plan, Quiesce } from "../../spec/index.ts";
import { killAfter, launched, launchOf, saidBy, startLauncher } from "../docker/support/launches.ts";
import { ClusterWorld } from "./support/world.ts";

const ROWS = "SELECT count(*), md5(string_agg(text, ',' ORDER BY n)) FROM t";
const FILES = 'console.log(fs.readFileSync("/data/a", "utf8"))';

describe("kills and quotas · Kubernetes, postgres 17, versitygw", () => {
  let world: ClusterWorld;
  let plan: Plan;
  let point: string;
  let saved: { readonly rows: string; readonly files: string };

  beforeAll(async () => {
    world = await ClusterWorld.make("launch-faults");
    plan = planWith({});
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 100000) n");
    await world.inFiles('fs.writeFileSync("/data/a", "first")');
    saved = await live();
  });

  /** What is live differs from the point, so that old and new can be told apart. */
  beforeEach(async () => {
    if (!point) return;
    await world.sql("app", "UPDATE t SET text = 'changed' WHERE n = 1");
    await world.inFiles('fs.writeFileSync("/data/a", "second")');
  });

  afterAll(() => world?.close());

  const live = async () => ({ rows: await world.sql("app", ROWS), files: await world.inFiles(FILES) });
  const planWith = (quiesce: Partial<Quiesce>) =>
    world.planWith({ quiesce: { ...(world.plan.quiesce as Quiesce), timeoutSeconds: 60, ...quiesce } });
  const start = (id: string, of = plan) => startLauncher(world, launchOf(of, { id, point, into: { replace: {} } }));
  const cli = (...args: readonly string[]) => world.cli(plan, ...args);
  const runs = () => world.scale("deployment/app");
  const UP = { replicas: 2, ready: 2, noted: false };
  const named = (kind: string, selector: string) =>
    world.kubectl("get", kind, "--selector", selector, "--output", "jsonpath={.items[*].metadata.name}");
  const JOBS = "restorable.plan=app";

  test("a backup whose launcher is killed goes on; status shows it, attach gets its result, and no secret is shown", async () => {
    const launcher = cli("backup");
    const pod = await world.runningPod("restorable.kind=backup");
    launcher.kill("SIGKILL");
    await launcher;
    const shown = await world.kubectl("get", "jobs,pods,configmaps", "--output", "yaml");
    for (const [name, secret] of Object.entries(world.secrets)) {
      const lines = secret.split("\n").filter((line) => line.length > 8 && !line.startsWith("-----"));
      for (const line of lines) expect(shown.includes(line), name).toBe(false);
    }
    const { spec } = JSON.parse(await world.kubectl("get", "pod", pod, "--output", "json"));
    expect(spec).toMatchObject({ restartPolicy: "Never", automountServiceAccountToken: false });
    const status = await cli("status", "--json");
    const [job] = JSON.parse(status.stdout).plans[0].jobs.filter(({ kind }: { kind: string }) => kind === "backup");
    expect(pod).toContain(job.id);
    const attached = await cli("attach", job.id, "--json");
    expect(attached.exitCode, attached.all).toBe(0);
    const result = JSON.parse(attached.stdout);
    expect(result).toMatchObject({ ok: true, kind: "backup" });
    point = result.manifest.id;
    expect(await named("jobs,secrets", JOBS)).toBe("");
  });

  test("the launcher killed while it stops the application: resume undoes it and starts what ran", async () => {
    const before = await live();
    await killAfter(start("killed-1"), /stopping: Deployment app/);
    const resumed = await cli("resume", "killed-1", "--json");
    expect(JSON.parse(resumed.stdout), resumed.all).toMatchObject({ ok: false, error: { code: "interrupted" } });
    expect(await runs()).toEqual(UP);
    expect(await live()).toEqual(before);
  });

  test("the launcher killed during the swap: the same request once more ends it, and the application runs", async () => {
    const before = await live();
    await killAfter(start("killed-2"), /swapping the restored data in/);
    const record = await launched(start("killed-2"));
    // The job may have been placed or not when its launcher died: old or new, and never mixed.
    expect(await live(), JSON.stringify(record.error)).toEqual(record.ok ? saved : before);
    expect(await runs()).toEqual(UP);
  });

  test("a pod that is killed while it prepares: undone within the life of its lease, or it had just ended", async () => {
    const before = await live();
    const launcher = start("killed-3", { ...plan, leaseSeconds: 15 });
    const pod = await world.runningPod("restorable.action=prepare");
    await world.kubectl("delete", "pod", pod, "--grace-period=0", "--force");
    const record = await launched(launcher);
    // The word to kill it may come after its last one.
    expect(await live(), JSON.stringify(record.error)).toEqual(record.ok ? saved : before);
    expect(await runs()).toEqual(UP);
    expect(await named("jobs,secrets", JOBS)).toBe("");
  });

  test("a quota that lets no more Jobs in while the application is stopped: it runs again on its old data", async () => {
    const before = await live();
    const launcher = start("quota-1");
    await saidBy(launcher, /stopping: Deployment app/);
    await world.quota({ "count/jobs.batch": "0" });
    const record = await launched(launcher);
    expect(record).toMatchObject({ ok: false, error: { code: "cannot-start" } });
    expect(record.error?.fact).toContain("exceeded quota");
    expect(await runs()).toEqual(UP);
    expect(await live()).toEqual(before);
    await world.quota();
    expect((await cli("resume", "quota-1")).exitCode).not.toBe(0);
    expect(await live()).toEqual(before);
  });

  test("one that lets no pods in is waited for, and once it is deleted the restore goes on", async () => {
    const launcher = start("quota-2");
    await saidBy(launcher, /stopping: Deployment app/);
    await world.quota({ pods: "0" });
    await saidBy(launcher, /does not start yet: .*exceeded quota/);
    await world.quota();
    const record = await launched(launcher);
    expect(record.error).toBeUndefined();
    expect(await live()).toEqual(saved);
    expect(await runs()).toEqual(UP);
  });

  test("what was left stopped by a launcher whose ledger is lost is started by the next restore", async () => {
    const left = { metadata: { annotations: { "restorable.replicas": "2" } }, spec: { replicas: 0 } };
    await world.kubectl("patch", "deployment", "app", "--type=merge", "--patch", JSON.stringify(left));
    const argv = ["node", "--eval", 'process.exit(fs.existsSync("/data/a") ? 0 : 1)'];
    const probes: Quiesce["probes"] = [{ kind: "pod", resource: "Deployment", name: "app", argv }];
    const record = await launched(start("left-1", planWith({ probes })));
    expect(record.error).toBeUndefined();
    expect(await runs()).toEqual(UP);
    expect(await live()).toEqual(saved);
  });
});
