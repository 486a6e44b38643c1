import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { succeeded } from "../runner/world.ts";
import { waitFor } from "../support/wait-for.ts";
import { docker } from "./support/docker.ts";
import { catalogOf, type DockerWorld, makeDockerWorld } from "./support/world.ts";

const MEGABYTE = 1024 ** 2;
const SIZE = 500 * MEGABYTE;

describe("a database of 500 MB · docker, postgres 17, versitygw", () => {
  let world: DockerWorld;

  beforeAll(async () => {
    const made = await makeDockerWorld();
    world = { ...made, plan: { ...made.plan, sources: made.plan.sources.filter(({ kind }) => kind === "postgres") } };
    // Digests hardly compress: about as many bytes leave the runner as come in.
    await world.sql(
      "app",
      `CREATE TABLE t AS SELECT n, sha512(n::text::bytea) || sha512((-n)::text::bytea) AS noise,
         sha512((n * 7)::text::bytea) AS more FROM generate_series(1, 2350000) n`,
    );
    expect(Number(await world.sql("app", "SELECT pg_database_size('app')"))).toBeGreaterThan(SIZE);
  });

  afterAll(() => world?.close());

  test("is backed up by a container that has 256 MB of memory and no swap", async () => {
    const limit = ["--memory", "256m", "--memory-swap", "256m"];
    const run = world.start({ kind: "backup", version: 1, plan: world.plan }, {}, { args: limit });
    const { result, stderr } = await run.ended;
    expect(await docker("inspect", "--format", "{{.State.OOMKilled}} {{.HostConfig.Memory}}", run.container)).toBe(
      `false ${256 * MEGABYTE}`,
    );
    if (!result) throw new Error(stderr);
    const { manifest } = succeeded(result, "backup");
    expect(
      manifest.sources.flatMap(({ artifacts }) => artifacts).reduce((sum, { bytes }) => sum + bytes, 0),
    ).toBeGreaterThan(SIZE / 2);
  });

  test("[core.9] `docker stop` in the middle of a backup ends it with 130; no half point is seen and the next one succeeds", async () => {
    const before = await catalogOf(world);
    let moved = false;
    const run = world.start(
      { kind: "backup", version: 1, plan: world.plan },
      {},
      {
        onProgress: (line) => {
          moved ||= line.type === "progress" && line.bytes > 0;
        },
      },
    );
    await waitFor("bytes of the dump", () => moved, { seconds: 120 });
    await docker("stop", "--time", "60", run.container);
    const { exit, result } = await run.ended;
    expect(result).toMatchObject({ ok: false, error: { code: "interrupted" } });
    expect(exit).toBe(130);
    expect(await docker("inspect", "--format", "{{.State.ExitCode}}", run.container)).toBe("130");

    const after = await catalogOf(world);
    expect(after.points.map(({ id }) => id)).toEqual(before.points.map(({ id }) => id));
    expect(after.unreadable).toEqual([]);
    succeeded(await world.run({ kind: "backup", version: 1, plan: world.plan }), "backup");
  });
});
