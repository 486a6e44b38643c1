import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Plan, RestoreJob } from "../../../spec/index.ts";
import { type CountedRequest, type CountingProxy, startCountingProxy } from "../../support/counting-proxy.ts";
import { startRunner } from "../run-runner.ts";
import { backupOf, pointIdentity, restoreJob, restoreWhole, succeeded } from "../world.ts";
import { MEDIA, type MediaWorld, makeMediaWorld } from "./world.ts";

/** More than are changed at the same time, so that a swap has a middle. */
const OBJECTS = 40;
const OVERWRITTEN = 30;

/** A request to the bucket of the media by which a moment of a restore is known. */
interface Moment {
  readonly action: RestoreJob["action"];
  readonly method: string;
  readonly below: string;
  readonly nth: number;
}

const LOADING = { action: "prepare", method: "PUT", below: "media_new_", nth: 20 } as const;
const KEEPING = { action: "swap", method: "PUT", below: "media_org_", nth: 20 } as const;
const BEGINNING = { action: "swap", method: "PUT", below: "media/", nth: 1 } as const;
const MIDDLE = { action: "swap", method: "PUT", below: "media/", nth: 25 } as const;
/** One that only going back can send: when one is refused, fifteen more are on their way. */
const GOING_BACK = MIDDLE.nth + 21;
const SETTLING = { action: "finish", method: "DELETE", below: "media_new_", nth: 20 } as const;

describe.each([
  { bucket: "an ordinary bucket", versioning: false },
  { bucket: "a versioned bucket", versioning: true },
])("a swap of media that is interrupted · postgres, versitygw, $bucket", ({ versioning }) => {
  let world: MediaWorld;
  let proxy: CountingProxy;
  let plan: Plan;
  let point: string;

  beforeAll(async () => {
    world = await makeMediaWorld({ versioning, repository: "directory" });
    await putAll("old", OBJECTS);
    await world.sql("app", "UPDATE topography SET datafile = 'old'");
    ({ id: point } = await backupOf(world));
    proxy = await startCountingProxy(world.s3.endpoint);
    plan = {
      ...world.plan,
      leaseSeconds: 60, // a dead holder's is over at once; a slow machine must not lose a living one's
      sources: world.plan.sources.map((source) =>
        source.kind === "objects" ? { ...source, endpoint: proxy.endpoint } : source,
      ),
    };
    await world.put("media/newer", "newer");
  });
  afterAll(async () => {
    await proxy?.close();
    await world?.close();
  });

  beforeEach(async () => {
    await putAll("live", OVERWRITTEN);
    for (let n = OVERWRITTEN; n < OBJECTS; n += 1) await world.remove(`media/${n}`);
    await world.sql("app", "UPDATE topography SET datafile = 'live'");
    before = await everything();
  });

  let before: readonly string[];
  const MOMENTS = [LOADING, ...(versioning ? [] : [KEEPING]), BEGINNING, MIDDLE, SETTLING];

  test.each(MOMENTS)(
    "kill -9 in $action at $method $nth of $below: rows and objects are old or new, never mixed, and what was there is kept",
    async (moment) => {
      const { job, secrets } = await asked();
      await until(moment.action, job, secrets);
      await killedAt(moment, job, secrets);
      // The kill came in the middle: without a recovery this would be the end of it.
      if (moment === MIDDLE) expect((await generations()).media).toEqual(new Set(["old", "live", "newer"]));

      const ended = await recovered(job, secrets);
      const swapped = moment !== LOADING;
      expect(ended.record?.ok).toBe(swapped);
      expect(await generations()).toEqual(swapped ? NEW : LIVE);
      expect(await world.contents(undefined, "media_new_")).toEqual([]);
      if (!swapped) {
        expect(await everything()).toEqual(before);
        return;
      }
      await rolledBack(job);
      expect(await generations()).toEqual(LIVE);
      expect(await live()).toEqual(before.filter((line) => line.startsWith("media/")));
    },
  );

  test("the store refuses one object in the middle of the swap: everything goes back, and nothing is left behind", async () => {
    const { job, secrets } = await asked();
    await until("swap", job, secrets);
    proxy.judge = judge(MIDDLE, (nth) => (nth === MIDDLE.nth ? 403 : "pass"));
    const ended = succeeded(await world.run({ ...job, action: "swap" }, secrets), "restore");
    proxy.judge = () => "pass";
    expect(ended).toMatchObject({ step: "undone", record: { ok: false, superseded: [] } });
    expect(await everything()).toEqual(before);
    expect(await generations()).toEqual(LIVE);
  });

  // Going back and a rollback by versions are among the ones above.
  if (!versioning) {
    test("kill -9 while everything goes back: the recovery brings rows and objects back, and leaves nothing behind", async () => {
      const { job, secrets } = await asked();
      await until("swap", job, secrets);
      const run = startRunner({ ...job, action: "swap" }, { ...world.secrets, ...secrets });
      proxy.judge = judge(MIDDLE, (nth) => {
        if (nth === MIDDLE.nth) return 403;
        if (nth < GOING_BACK) return "pass";
        run.kill("SIGKILL");
        return "drop";
      });
      expect((await run.ended).signal).toBe("SIGKILL");
      proxy.judge = () => "pass";
      const ended = await recovered(job, secrets);
      // The rows' copy beside may be gone already: then only the way back is left.
      expect(ended).toMatchObject({ step: "undone", record: { ok: false, superseded: [] } });
      expect(await generations()).toEqual(LIVE);
      expect(await everything()).toEqual(before);
    });

    test("kill -9 in the middle of a rollback: the recovery completes it", async () => {
      const { job, secrets } = await asked();
      for (const action of ["prepare", "quiescing", "swap", "finish"] as const)
        succeeded(await world.run({ ...job, action }, secrets), "restore");
      const rollback = restoreJob(world, "rollback", { plan, from: job.from, request: job.request });
      succeeded(await world.run({ ...rollback, action: "quiescing" }), "restore");
      await killedAt({ ...MIDDLE, action: "rollback", nth: 20 }, rollback, {});
      expect((await generations()).media.size).toBe(3);
      const ended = await recovered(rollback, secrets);
      expect(ended.step).toBe("rolled-back");
      expect(await generations()).toEqual(LIVE);
      expect(await live()).toEqual(before.filter((line) => line.startsWith("media/")));
    });

    test("in place: kill -9 in the middle, the recovery begins again and ends it; what was there is in the safety point", async () => {
      const { job, secrets } = await asked({ inPlace: {} });
      await until("swap", job, secrets);
      await killedAt(MIDDLE, job, secrets);
      expect((await generations()).media).toEqual(new Set(["old", "live", "newer"]));
      const ended = await recovered(job, secrets);
      expect(ended.record?.ok).toBe(true);
      expect(await generations()).toEqual(NEW);
      expect(await world.contents(undefined, "media_new_")).toEqual([]);
      const safety = /recovery point (\S+)/.exec(ended.record?.notes.join("\n") ?? "")?.[1] ?? "";
      expect((await restoreWhole(world, { request: { point: safety } })).record?.ok).toBe(true);
      const overwritten = before.filter((line) => line.startsWith("media/"));
      expect((await live()).filter((line) => overwritten.includes(line))).toEqual(overwritten);
    });
  }

  const NEW = { rows: "old", media: new Set(["old", "newer"]) };
  const LIVE = { rows: "live", media: new Set(["live", "newer"]) };

  const everything = () => world.contents();
  const live = () => world.contents(undefined, "media/");

  /** Which state the rows are of, and which ones the objects are of. */
  async function generations() {
    const { rows } = await world.sql("app", "SELECT datafile FROM topography");
    const bodies = (await live()).map((line) => line.split(" ")[1] ?? "");
    return { rows: String(rows[0]?.datafile), media: new Set(bodies) };
  }

  const putAll = async (text: string, count: number) => {
    await Promise.all(
      Array.from({ length: count }, (_, n) => world.put(`media/${n}`, text, { Metadata: { n: String(n) } })),
    );
  };

  async function asked(into: RestoreJob["request"]["into"] = { replace: {} }) {
    const from = { repository: plan.repository, plan: plan.name };
    const job = restoreJob(world, "prepare", { plan, from, request: { point, into } });
    return { job, secrets: { POINT_IDENTITY: await pointIdentity(world, plan, point) } };
  }

  /** The actions before one. */
  async function until(end: RestoreJob["action"], job: RestoreJob, secrets: Record<string, string>) {
    for (const action of ["prepare", "quiescing", "swap", "finish"] as const) {
      if (action === end) return;
      const { record } = succeeded(await world.run({ ...job, action }, secrets), "restore");
      expect(record?.error).toBeUndefined();
    }
  }

  async function killedAt(moment: Moment, job: RestoreJob, secrets: Record<string, string>) {
    const run = startRunner({ ...job, action: moment.action }, { ...world.secrets, ...secrets });
    proxy.judge = judge(moment, (nth) => {
      if (nth < moment.nth) return "pass";
      run.kill("SIGKILL");
      return "drop";
    });
    const { signal } = await run.ended;
    proxy.judge = () => "pass";
    expect(signal).toBe("SIGKILL");
  }

  async function recovered(job: RestoreJob, secrets: Record<string, string>) {
    const found = succeeded(await world.run({ ...job, action: "recover" }, secrets), "restore");
    return ["finished", "undone"].includes(found.step)
      ? found
      : succeeded(await world.run({ ...job, action: "finish" }, secrets), "restore");
  }

  async function rolledBack({ from, request }: RestoreJob) {
    const job = restoreJob(world, "rollback", { plan, from, request });
    succeeded(await world.run({ ...job, action: "quiescing" }), "restore");
    succeeded(await world.run(job), "restore");
    expect(succeeded(await world.run({ ...job, action: "finish" }), "restore").step).toBe("rolled-back");
  }
});

/** Counts the requests of a kind, and asks about each. */
const judge = (
  { method, below }: Pick<Moment, "method" | "below">,
  verdict: (nth: number) => ReturnType<CountingProxy["judge"]>,
) => {
  let seen = 0;
  return (request: CountedRequest) => {
    if (request.method !== method || !request.url.startsWith(`/${MEDIA}/${below}`)) return "pass";
    seen += 1;
    return verdict(seen);
  };
};
