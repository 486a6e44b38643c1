import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CountingProxy, startCountingProxy } from "../../support/counting-proxy.ts";
import { makeResticWorld } from "../restic/world.ts";
import { startRunner } from "../run-runner.ts";
import { backupOf, catalogOf, s3Location, type World } from "../world.ts";
import { archiveOf, copyJob, copyNow, inDirectory } from "./archives.ts";
import { wrongWith } from "./series.ts";

const MOMENTS = 4;

describe("a copy that is killed · versitygw, restic", () => {
  let world: World;
  let proxy: CountingProxy;
  let ids: string[];
  let requestsOfOneRun = 0;

  beforeAll(async () => {
    world = await makeResticWorld();
    ids = [];
    for (const name of ["a", "b"]) {
      await writeFile(path.join(world.files, name), `${name}\n`.repeat(50_000));
      ids.push((await backupOf(world)).id);
    }
    proxy = await startCountingProxy(world.s3.endpoint);
    await copyNow(throughProxy(), inDirectory(world, "counted"));
    requestsOfOneRun = proxy.requests.length;
  });
  afterAll(async () => {
    await proxy?.close();
    await world?.close();
  });

  const throughProxy = (): World => archiveOf(world, s3Location(proxy.endpoint));

  test.each(Array.from({ length: MOMENTS }, (_, index) => index + 1))(
    `at moment %i of ${MOMENTS}: every point of the copy is whole, and the next run takes up what is there`,
    async (moment) => {
      const archive = inDirectory(world, `killed-${moment}`);
      const seen = proxy.requests.length;
      const at = Math.max(2, Math.round((moment / (MOMENTS + 1)) * requestsOfOneRun));
      const run = startRunner(copyJob(throughProxy(), archive), world.secrets);
      proxy.judge = ({ number }) => {
        if (number - seen < at) return "pass";
        run.kill("SIGKILL");
        return "drop";
      };
      await run.ended;
      proxy.judge = () => "pass";

      const { points, unreadable } = await catalogOf(archive);
      expect(unreadable).toEqual([]);
      for (const { id } of points) expect(await wrongWith(archive, id)).toEqual([]);
      const { copied, present, healthy } = await copyNow(throughProxy(), archive);
      expect({ healthy, all: copied.length + present }).toEqual({ healthy: true, all: ids.length });
      for (const id of ids) expect(await wrongWith(archive, id)).toEqual([]);
    },
  );
});
