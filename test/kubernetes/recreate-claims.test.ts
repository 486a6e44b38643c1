import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runnerOn } from "../../launch/index.ts";
import type { Plan, Request } from "../../spec/index.ts";
import { launched, launchOf, startLauncher } from "../docker/support/launches.ts";
import { succeeded } from "../runner/world.ts";
import { waitFor } from "../support/wait-for.ts";
import { ClusterWorld } from "./support/world.ts";

const ROWS =
  "SELECT count(*), md5(string_agg(text, ',' ORDER BY n)), (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'app') FROM t";
const CLAIM = "data-db-0";
const HOLD = "test.example.org/hold";

describe("the volume of a database is deleted and made anew · Kubernetes, postgres 17, versitygw", () => {
  let world: ClusterWorld;
  let plan: Plan;
  let point: string;
  let saved: string;

  beforeAll(async () => {
    world = await ClusterWorld.make("recreate");
    plan = world.planWith({ quiesce: { ...world.plan.quiesce, timeoutSeconds: 60 } });
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    await world.sql("app", "CREATE ROLE owner LOGIN PASSWORD 'its own'; ALTER DATABASE app OWNER TO owner");
    await world.inFiles('fs.writeFileSync("/data/a", "a")');
    saved = await world.sql("app", ROWS);
    const options = { secrets: world.secrets, onProgress: () => undefined, signal: new AbortController().signal };
    point = succeeded(await runnerOn(plan)({ kind: "backup", version: 1, plan }, options), "backup").manifest.id;
    await world.sql("app", "UPDATE t SET text = 'wrong'; DELETE FROM t WHERE n > 5");
  });
  afterAll(() => world?.close());

  const ask = (id: string, more: Partial<Request> = {}) => {
    const into = { inPlace: { recreateClaims: [CLAIM] } };
    return startLauncher(world, launchOf(plan, { id, point, into, sources: ["db"], ...more }));
  };
  const claim = async () => JSON.parse(await world.kubectl("get", "persistentvolumeclaim", CLAIM, "--output", "json"));
  const applicationRuns = async () => {
    expect(await world.scale("deployment/app")).toEqual({ replicas: 2, ready: 2, noted: false });
    expect(await world.scale("statefulset/db")).toEqual({ replicas: 1, ready: 1, noted: false });
  };

  test("refused, with nothing touched: a claim that others have, and a server that holds more than is restored", async () => {
    await world.sql("app", "CREATE DATABASE other");
    const before = [await world.sql("app", ROWS), (await claim()).metadata.uid];
    const shared = await launched(ask("shared", { into: { inPlace: { recreateClaims: ["files"] } } }));
    expect(shared).toMatchObject({ ok: false, error: { code: "cannot-swap" } });
    expect(shared.error?.fact).toContain("exactly one pod has to have the claim 'files'");
    const more = await launched(ask("more"));
    expect(more).toMatchObject({ ok: false, error: { code: "cannot-swap" } });
    expect(more.error?.fact).toContain("would lose other, which this restore does not bring back");
    expect([await world.sql("app", ROWS), (await claim()).metadata.uid]).toEqual(before);
    await applicationRuns();
    await world.sql("app", "DROP DATABASE other");
  });

  test("it comes up empty, and the point is restored into it, after a safety backup that was read back", async () => {
    const before = await claim();
    const record = await launched(ask("volume-1"));
    expect(record.error).toBeUndefined();
    expect(await world.sql("app", ROWS)).toBe(saved);
    const after = await claim();
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect(after.spec.volumeName).not.toBe(before.spec.volumeName);
    expect(after.spec.resources).toEqual(before.spec.resources);
    expect(after.metadata.labels).toEqual(before.metadata.labels);
    expect(record.notes.join()).toMatch(
      /what was live before is recovery point .*the volume of data-db-0 was deleted/s,
    );
    await applicationRuns();
  });

  test("the launcher killed after the claim is gone and before it is made again: resume makes it and restores", async () => {
    await world.sql("app", "UPDATE t SET text = 'wrong'");
    const before = await claim();
    // A claim that somebody holds is deleted, and stays until it is let go.
    await hold([HOLD]);
    const launcher = ask("volume-2");
    await waitFor("the deletion", async () => (await claim()).metadata.deletionTimestamp, { seconds: 120 });
    launcher.kill("SIGKILL");
    await launcher;
    await hold([]);
    await waitFor("a namespace without the claim", () =>
      claim().then(
        () => false,
        () => true,
      ),
    );
    expect(await world.scale("statefulset/db")).toMatchObject({ replicas: 0, noted: true });
    expect(await world.scale("deployment/app")).toMatchObject({ replicas: 0, noted: true });

    const resumed = await world.cli(plan, "resume", "volume-2", "--json");
    expect(JSON.parse(resumed.stdout), resumed.all).toMatchObject({ ok: true, from: { point } });
    expect(await world.sql("app", ROWS)).toBe(saved);
    expect((await claim()).metadata.uid).not.toBe(before.metadata.uid);
    await applicationRuns();
  });

  const hold = (finalizers: readonly string[]) =>
    world.kubectl(
      ...["patch", "persistentvolumeclaim", CLAIM, "--type=merge"],
      ...[
        "--patch",
        JSON.stringify({
          metadata: { finalizers: [...finalizers, ...(finalizers.length ? ["kubernetes.io/pvc-protection"] : [])] },
        }),
      ],
    );
});
