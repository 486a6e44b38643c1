import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runnerOn } from "../../launch/index.ts";
import { type Manifest, type Plan, parse, plan as planSchema } from "../../spec/index.ts";
import { incremental } from "../runner/restic/world.ts";
import { succeeded } from "../runner/world.ts";
import {
  hostPlan,
  inVolume,
  jobContainers,
  LISTING,
  launched,
  launchOf,
  removeJobs,
  startLauncher,
} from "./support/launches.ts";
import { type DockerWorld, makeDockerWorld, pointIdentity } from "./support/world.ts";

/** Files of other owners and modes, of which everybody else may read all. */
const SEED = `
  fs.mkdirSync("/data/photos/empty", { recursive: true });
  fs.writeFileSync("/data/photos/é.bin", require("node:crypto").randomBytes(3_000_000));
  fs.symlinkSync("photos/é.bin", "/data/latest");
  fs.writeFileSync("/data/tool", "#!/bin/sh"); fs.chmodSync("/data/tool", 0o4755);
  fs.chownSync("/data/photos/é.bin", 33, 44); fs.lchownSync("/data/latest", 7, 8);
  fs.chownSync("/data/photos", 1234, 5678); fs.chmodSync("/data/photos", 0o2775);`;

const PASSWORD = "the-password-of-the-files-in-containers";
const never = new AbortController().signal;

describe("incremental files of a volume, in containers that run as an ordinary user on a read-only root · docker, versitygw", () => {
  let world: DockerWorld;
  let plan: Plan;
  let first: Manifest;
  let files: string;

  beforeAll(async () => {
    const made = await makeDockerWorld();
    const secrets = { ...made.secrets, FILES_PASSWORD: PASSWORD };
    world = {
      ...made,
      secrets,
      run: (job, more, options) => made.run(job, { FILES_PASSWORD: PASSWORD, ...more }, options),
    };
    plan = parse(planSchema, incremental(hostPlan(world)), "plan");
    await inVolume(world.files, SEED);
    files = await inVolume(world.files, LISTING);
  });

  afterAll(async () => {
    if (!world) return;
    await removeJobs(plan);
    await world.close();
  });

  const run = (job: Parameters<ReturnType<typeof runnerOn>>[0], more: Readonly<Record<string, string>> = {}) =>
    runnerOn(plan)(job, { secrets: { ...world.secrets, ...more }, onProgress: () => undefined, signal: never });

  const backup = async (): Promise<Manifest> =>
    succeeded(await run({ kind: "backup", version: 1, plan }), "backup").manifest;

  const snapshotOf = ({ sources: [entry] }: Manifest) => (entry?.kind === "files" ? entry.snapshot : undefined);

  test("the first backup stores all of it, and the second only what changed", async () => {
    first = await backup();
    expect(snapshotOf(first)?.addedBytes).toBeGreaterThan(3_000_000);
    await inVolume(world.files, 'fs.writeFileSync("/data/new", require("node:crypto").randomBytes(10_000))');
    const second = await backup();
    expect(snapshotOf(second)?.addedBytes).toBeGreaterThan(10_000);
    expect(snapshotOf(second)?.addedBytes).toBeLessThan(300_000);
    expect(await jobContainers(plan)).toEqual([]);
  });

  test("a verify reads it to its end there", async () => {
    const { repository, name } = plan;
    const identity = { kind: "env", name: "POINT_IDENTITY" } as const;
    const job = {
      kind: "verify",
      version: 1,
      repository,
      plan: name,
      point: first.id,
      identity,
      record: false,
    } as const;
    const { proof } = succeeded(await run(job, { POINT_IDENTITY: await pointIdentity(world, first.id) }), "verify");
    expect(proof.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(proof.checks.map(({ detail }) => detail).join()).toContain("read and unpacked to nowhere");
  });

  test("the volume is restored in place by the launcher: owners, modes, links and content are equal", async () => {
    await inVolume(
      world.files,
      'fs.rmSync("/data/photos", { recursive: true }); fs.writeFileSync("/data/stray", "x");',
    );
    const record = await launched(
      startLauncher(world, launchOf(plan, { id: "swap-1", point: first.id, into: { replace: {} } })),
    );
    expect(record.error).toBeUndefined();
    expect(record).toMatchObject({ ok: true, from: { point: first.id } });
    expect(await inVolume(world.files, LISTING)).toBe(files);
    expect(await jobContainers(plan)).toEqual([]);
  });
});
