import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CountingProxy, startCountingProxy, type Verdict } from "../../support/counting-proxy.ts";
import { waitFor } from "../../support/wait-for.ts";
import { startRunner } from "../run-runner.ts";
import { catalogOf, makeWorld, s3Location, succeeded, type World } from "../world.ts";
import { everything, keysBelow, storeOf } from "./points.ts";
import { pointsOf, prune, pruneJob, series, withPlan, wrongWith } from "./series.ts";

const MOMENTS = 8;

describe("a prune that is killed, or meets a backup · postgres, versitygw", () => {
  let world: World;
  let proxy: CountingProxy;
  let requestsOfOneRun = 0;

  beforeAll(async () => {
    world = await makeWorld();
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    await writeFile(path.join(world.files, "a"), "content");
    proxy = await startCountingProxy(world.s3.endpoint);
    const { world: own } = await series(world, "counted", [1, 2, 3]);
    await prune(throughProxy(own));
    requestsOfOneRun = proxy.requests.length;
  });
  afterAll(async () => {
    await proxy?.close();
    await world?.close();
  });

  const throughProxy = (own: World): World => ({
    ...own,
    plan: { ...own.plan, repository: { ...own.plan.repository, location: s3Location(proxy.endpoint) } },
  });

  test.each(Array.from({ length: MOMENTS }, (_, index) => index + 1))(
    `[core.9] kill -9 at moment %i of ${MOMENTS}: every point that is visible is whole, and the next prune completes`,
    async (moment) => {
      const { world: own, points } = await series(world, `killed-${moment}`, [1, 2, 3]);
      const ids = points.map(({ id }) => id);
      const seen = proxy.requests.length;
      const at = Math.max(2, Math.round((moment / MOMENTS) * requestsOfOneRun));
      const run = startRunner(pruneJob(throughProxy(own)), world.secrets);
      proxy.judge = ({ number }) => {
        if (number - seen < at) return "pass";
        run.kill("SIGKILL");
        return moment % 2 === 0 ? "drop" : "answerless";
      };
      await run.ended;
      proxy.judge = () => "pass";

      const { points: visible, unreadable } = await catalogOf(own);
      expect(unreadable).toEqual([]);
      expect(ids).toEqual(expect.arrayContaining(visible.map(({ id }) => id)));
      const store = storeOf(own);
      for (const { id, manifest, marks } of visible) {
        for (const { key, versionId } of [...manifest.sources.flatMap(({ artifacts }) => artifacts), manifest.identity])
          expect(await store.size(key, versionId), key).toBeGreaterThan(0);
        if (ids.indexOf(id) < 2) expect(marks).toEqual([]);
      }
      // A point that has begun to go was marked before.
      const touched = (await keysBelow(store, "marks/")).map((key) => key.split("/")[1] ?? "");
      for (const id of ids.slice(2).filter((gone) => !visible.some((point) => point.id === gone)))
        if ((await keysBelow(store, `artifacts/${id}/`)).length > 0) expect(touched).toContain(id);

      await waitFor("a later prune has removed everything", async () => {
        await prune(own);
        const left = await everything(store);
        return left.every((line) => ids.slice(0, 2).some((id) => line.includes(id)) || line.startsWith("lease.json"));
      });
      expect(await pointsOf(own)).toEqual(ids.slice(0, 2));
      expect(await wrongWith(own, ids[1] ?? "")).toEqual([]);
    },
  );

  test("a prune while a backup runs leaves what that has written", async () => {
    const { world: own, points } = await series(world, "meets", [1, 2, 3]);
    let pruned: ReturnType<typeof prune> | undefined;
    proxy.judge = async ({ method, url }): Promise<Verdict> => {
      // The manifest waits until the prune has ended: all the artifacts are there, and nothing names them yet.
      if (method === "PUT" && url.includes("/catalog/")) {
        pruned ??= prune(own, { leaseSeconds: 0 });
        await pruned.catch(() => undefined);
      }
      return "pass";
    };
    const result = await world.run({ kind: "backup", version: 1, plan: throughProxy(own).plan });
    proxy.judge = () => "pass";
    const { id } = succeeded(result, "backup").manifest;
    expect(await pruned).toMatchObject({ acted: true, frozen: [] });
    expect(await pointsOf(own)).toEqual([id, points[0]?.id, points[1]?.id]);
    expect(await wrongWith(own, id)).toEqual([]);
  });

  test("[core.9] the answer to the manifest's write is lost: the second try finds its own, and the backup succeeds", async () => {
    const own = withPlan(world, "answer-lost");
    let lost = 0;
    proxy.judge = ({ method, url }) => {
      if (method !== "PUT" || !url.includes("/catalog/") || lost > 0) return "pass";
      lost += 1;
      return "answerless";
    };
    const result = await world.run({ kind: "backup", version: 1, plan: throughProxy(own).plan });
    proxy.judge = () => "pass";
    expect(lost).toBe(1);
    expect(await pointsOf(own)).toEqual([succeeded(result, "backup").manifest.id]);
  });
});
