import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openPlanStore } from "../../../runner/jobs/plan-store.ts";
import type { Store } from "../../../runner/store/store.ts";
import { FILES, LEASE_KEY, type Plan } from "../../../spec/index.ts";
import { type CountingProxy, startCountingProxy, type Verdict } from "../../support/counting-proxy.ts";
import { testContext } from "../../support/test-context.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type RunnerRun, startRunner } from "../run-runner.ts";
import { catalogOf, s3Location, succeeded, type World } from "../world.ts";
import { makeResticWorld, proofOf, snapshotNow, snapshotOf } from "./world.ts";

/** Shorter than a held backup lives: only its lease, and restic's lock, keep a prune off what it writes. */
const LEASE_OF_PRUNE = 1;

describe("a prune beside a living backup · versitygw", () => {
  let world: World;
  let proxy: CountingProxy;
  let plan: Plan;
  let store: Store;
  let plans = 0;

  beforeAll(async () => {
    world = await makeResticWorld();
    proxy = await startCountingProxy(world.s3.endpoint);
  });
  afterAll(async () => {
    await proxy?.close();
    await world?.close();
  });

  /** Two points, of which a retention of one keeps the second; each test has a plan of its own. */
  beforeEach(async () => {
    plans += 1;
    plan = { ...world.plan, name: `living${plans}` };
    store = openPlanStore(
      testContext({ secret: (ref) => (ref.kind === "env" ? (world.secrets[ref.name] ?? "") : "") }),
      plan.repository,
      plan.name,
      "pruner",
    );
    for (let index = 0; index < 2; index += 1) {
      await writeFile(path.join(world.files, "noise"), randomBytes(200_000));
      await snapshotNow({ ...world, plan });
    }
    await writeFile(path.join(world.files, "noise"), randomBytes(200_000));
  });

  /** A backup that is held at its first PUT of such a key until `letGo`, while everything else of it goes on. */
  const held = async (moment: RegExp): Promise<{ readonly run: RunnerRun; readonly letGo: () => void }> => {
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let reached = false;
    proxy.judge = async ({ method, url }): Promise<Verdict> => {
      if (method !== "PUT" || !moment.test(url)) return "pass";
      reached = true;
      await gate;
      return "pass";
    };
    const through = { ...plan, repository: { ...plan.repository, location: s3Location(proxy.endpoint) } };
    const run = startRunner({ kind: "backup", version: 1, plan: through }, world.secrets);
    await waitFor(`the PUT of ${moment}`, () => reached, { seconds: 90 });
    return { run, letGo };
  };

  const prune = async (
    endpoint = world.s3.endpoint,
  ): Promise<{ readonly forgotten: number | undefined; readonly said: string }> => {
    const { name } = plan;
    const repository = { ...plan.repository, location: s3Location(endpoint) };
    const retention = { minimum: 1, keepLast: 1 };
    const scope = { repository, plan: name, retention, schedule: { kind: "none" } } as const;
    const run = startRunner(
      { kind: "prune", version: 1, ...scope, confirm: true, leaseSeconds: LEASE_OF_PRUNE },
      world.secrets,
    );
    const { result } = await run.ended;
    if (!result) throw new Error("the prune printed no result");
    return { forgotten: succeeded(result, "prune").forgotten, said: JSON.stringify(run.progress) };
  };

  const below = async (part: string): Promise<readonly string[]> => {
    const keys: string[] = [];
    for await (const { key } of store.list(`${FILES}${part}`)) keys.push(key);
    return keys.sort();
  };

  /** Everything that is there now is older than the prune's measure of what may belong to a run. */
  const aged = () =>
    waitFor("what is stored is old", async () => {
      const now = (await store.clock()).getTime();
      for await (const { modified } of store.list(FILES))
        if (now - modified.getTime() <= LEASE_OF_PRUNE * 1000) return false;
      return true;
    });

  const publishes = async (run: RunnerRun): Promise<void> => {
    const { result } = await run.ended;
    if (!result) throw new Error("the backup printed no result");
    const { manifest } = succeeded(result, "backup");
    const own = { ...world, plan };
    expect((await proofOf(own, manifest.id)).checks.filter(({ ok }) => !ok)).toEqual([]);
    expect((await catalogOf(own, plan)).points.map(({ id }) => id)).toContain(manifest.id);
  };

  test.each([
    ["its data are written and no snapshot names them", /\/files\/snapshots\//],
    ["its snapshot is written and no manifest names it", /\/catalog\/[^/]+\.json/],
  ])("%s: its lease keeps all of it, and the next prune does what this one left", async (_when, moment) => {
    const { run, letGo } = await held(moment);
    await aged();
    const before = await below("");
    expect(await prune()).toMatchObject({ forgotten: 0 });
    expect(await below("").then((keys) => before.filter((key) => !keys.includes(key)))).toEqual([]);
    letGo();
    await publishes(run);
    expect((await prune()).forgotten).toBeGreaterThan(0);
    const [newest] = (await catalogOf({ ...world, plan }, plan)).points.slice(-1);
    if (!newest) throw new Error("no point is left");
    expect(await below("snapshots/")).toEqual([`${FILES}snapshots/${snapshotOf(newest.manifest).id}`]);
    expect((await proofOf({ ...world, plan }, newest.id)).ok).toBe(true);
  });

  test("a prune that does not see its lease is kept off by restic's own lock, and the warning says so", async () => {
    const { run, letGo } = await held(/\/files\/snapshots\//);
    await aged();
    const before = await below("");
    const blind = await startCountingProxy(world.s3.endpoint);
    blind.judge = ({ method, url }) => (method === "GET" && url.includes(LEASE_KEY) ? 404 : "pass");
    const { forgotten, said } = await prune(blind.endpoint);
    await blind.close();
    expect(forgotten).toBe(0);
    expect(said).toContain("another restic holds the lock");
    expect((await below("")).filter((key) => !key.includes("/locks/"))).toEqual(
      before.filter((key) => !key.includes("/locks/")),
    );
    // The artifacts beside them have no other guard than the lease, so this backup is not asked for its point.
    letGo();
    await run.ended;
  });
});
