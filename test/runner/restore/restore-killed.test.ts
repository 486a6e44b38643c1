import { readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Job, RESTORE_STEPS, type RestoreStep, type Result } from "../../../spec/index.ts";
import { startCountingProxy, type Verdict } from "../../support/counting-proxy.ts";
import { startRunner } from "../run-runner.ts";
import {
  backupOf,
  makeWorld,
  pointIdentity,
  restoreJob,
  restoreWhole,
  s3Location,
  succeeded,
  type World,
} from "../world.ts";

const ACTIONS = ["prepare", "quiescing", "swap", "finish"] as const;

/** `finished` is the end; everything before it may be interrupted. */
const KILLED_AT = RESTORE_STEPS.filter((step) => !["verified", "finished"].includes(step));

describe("a restore that is killed · postgres, versitygw", () => {
  let world: World;

  beforeAll(async () => {
    world = await makeWorld();
    await world.sql(
      "app",
      "CREATE TABLE version AS SELECT 'old' AS name; CREATE TABLE filler AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n",
    );
    await writeFile(path.join(world.files, "version"), "old");
    await mkdir(path.join(world.files, "more"));
    await backupOf(world);
  });
  afterAll(() => world.close());

  test.each(KILLED_AT)(
    "kill -9 as soon as the journal says '%s': the data end up old or new, never mixed, and the point still restores",
    async (step) => {
      await world.sql("app", "UPDATE version SET name = 'live'");
      await writeFile(path.join(world.files, "version"), "live");
      const job = restoreJob(world, "prepare", {});
      const secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, "latest") };
      const reached = await runUntilKilled(job, secrets, step);

      const recovered = succeeded(await world.run({ ...job, action: "recover" }, secrets), "restore");
      const ended = recovered.record
        ? recovered
        : succeeded(await world.run({ ...job, action: "finish" }, secrets), "restore");
      expect(["finished", "undone"]).toContain(ended.step);
      // Whoever comes next is told that the application may be stopped, until somebody says that it was started.
      const mayBeStopped = ended.step === "undone" && position(reached) >= position("quiescing");
      expect(ended.stopped ?? false).toBe(mayBeStopped);
      const started = succeeded(await world.run({ ...job, action: "finish" }, secrets), "restore");
      expect([started.step, started.stopped]).toEqual([ended.step, undefined]);
      // Before the swap everything is undone; from it on everything is completed.
      const swapped = position(reached) >= position("swapping");
      expect(await liveVersions()).toEqual(swapped ? ["old", "old"] : ["live", "live"]);
      expect(ended.record?.ok).toBe(swapped);
      const left = await world.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'app\\_new%'");
      expect(left.rows).toEqual([]);
      // The same request again runs nothing, and a new one works.
      const again = succeeded(await world.run(job, secrets), "restore");
      expect(again.record).toEqual(ended.record);
      expect((await restoreWhole(world)).record?.ok).toBe(true);
      expect(await liveVersions()).toEqual(["old", "old"]);
    },
  );

  test("recover refuses while the restore still lives", async () => {
    const proxy = await startCountingProxy(world.s3.endpoint);
    const repository = { ...world.plan.repository, location: s3Location(proxy.endpoint) };
    const job = restoreJob(world, "prepare", { from: { repository, plan: world.plan.name } });
    const secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, "latest") };
    let refused: Result | undefined;
    // The restore waits for its files until recover has answered.
    proxy.judge = async ({ url }): Promise<Verdict> => {
      if (url.includes(".tar.zst.age")) refused ??= await world.run({ ...job, action: "recover" }, secrets);
      return "pass";
    };
    const { result } = await startRunner(job, { ...world.secrets, ...secrets }).ended;
    await proxy.close();
    expect(refused).toMatchObject({ ok: false, error: { code: "busy" } });
    expect(result?.ok).toBe(true);
    succeeded(await world.run({ ...job, action: "recover" }, secrets), "restore");
    expect(await liveVersions()).toEqual(["old", "old"]);
  });

  /** Runs the actions in order and kills the runner when the journal has reached a step; says which step it found. */
  async function runUntilKilled(
    job: Extract<Job, { kind: "restore" }>,
    secrets: Record<string, string>,
    step: RestoreStep,
  ): Promise<RestoreStep> {
    const file = path.join(world.directory, "ledger/prod/app/restores", `${job.request.id}.json`);
    for (const action of ACTIONS) {
      const run = startRunner({ ...job, action }, { ...world.secrets, ...secrets });
      let over = false;
      const ended = run.ended.then((end) => {
        over = true;
        return end;
      });
      while (!over) {
        if (position(stepIn(file)) >= position(step)) run.kill("SIGKILL");
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { signal } = await ended;
      // A runner that ended by itself in the same moment was killed between two actions.
      if (signal !== null || position(stepIn(file)) >= position(step)) return stepIn(file) as RestoreStep;
    }
    throw new Error(`the restore ended without reaching '${step}'`);
  }

  async function liveVersions(): Promise<string[]> {
    const { rows } = await world.sql("app", "SELECT name FROM version");
    return [rows[0].name, await readFile(path.join(world.files, "version"), "utf8")];
  }
});

const position = (step: string | undefined): number => RESTORE_STEPS.indexOf(step as (typeof RESTORE_STEPS)[number]);

function stepIn(file: string): string | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")).step;
  } catch {
    return undefined; // not there yet
  }
}
