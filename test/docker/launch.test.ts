import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectEngine } from "../../launch/docker/engine.ts";
import { followJob } from "../../launch/docker/follow.ts";
import { runnerOn } from "../../launch/index.ts";
import { type Plan, type Progress, parse, plan as planSchema } from "../../spec/index.ts";
import { RUNNER_IMAGE } from "../../tools/docker/images.ts";
import { succeeded } from "../runner/world.ts";
import { CHECKED, LINGERING_RUNNER } from "../support/lingering-runner.ts";
import { docker, LABELLED } from "./support/docker.ts";
import {
  HOST,
  hostPlan,
  inVolume,
  jobContainers,
  LISTING,
  launched,
  launchOf,
  removeJobs,
  startLauncher,
} from "./support/launches.ts";
import { type DockerWorld, makeDockerWorld } from "./support/world.ts";

const ROWS = "SELECT count(*), md5(string_agg(text, ',' ORDER BY n)) FROM t";

const SEED = `
  fs.mkdirSync("/data/photos/empty", { recursive: true });
  fs.writeFileSync("/data/photos/é.bin", require("node:crypto").randomBytes(300_000));
  fs.symlinkSync("photos/é.bin", "/data/latest");
  fs.writeFileSync("/data/tool", "#!/bin/sh");
  fs.chmodSync("/data/tool", 0o4755); fs.chownSync("/data/photos/é.bin", 33, 44); fs.lchownSync("/data/latest", 7, 8);
  fs.chownSync("/data/photos", 1234, 5678); fs.chmodSync("/data/photos", 0o2770); fs.chmodSync("/data/photos/é.bin", 0o644);
  fs.chmodSync("/data/photos", 0o2775);`;

const never = new AbortController().signal;

describe("a plan on a Docker host · docker, postgres 17, versitygw", () => {
  let world: DockerWorld;
  let plan: Plan;
  let point: string;
  let rows: string;
  let files: string;
  const said: Progress[] = [];

  beforeAll(async () => {
    world = await makeDockerWorld();
    plan = hostPlan(world);
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    await inVolume(world.files, SEED);
    rows = await world.sql("app", ROWS);
    files = await inVolume(world.files, LISTING);
  });

  afterAll(async () => {
    if (!world) return;
    await removeJobs(plan);
    await world.close();
  });

  const run = (job: Parameters<ReturnType<typeof runnerOn>>[0], secrets = world.secrets) =>
    runnerOn(plan)(job, { secrets, onProgress: (line) => said.push(line), signal: never });

  test("a backup runs there, its progress is followed, and its container goes", async () => {
    const { manifest } = succeeded(await run({ kind: "backup", version: 1, plan }), "backup");
    point = manifest.id;
    expect(manifest.sources.map(({ name }) => name)).toEqual(["db", "files"]);
    expect(said.filter(({ type }) => type === "step").length).toBeGreaterThan(2);
    expect(await jobContainers(plan)).toEqual([]);
  });

  test("a job that hangs after it has said its result is killed, and the result counts", async () => {
    const name = world.place.claim("lingering");
    const node = ["--entrypoint", "node", RUNNER_IMAGE, "--eval", LINGERING_RUNNER];
    await docker("run", "--detach", "--name", name, ...LABELLED, ...node);
    const container = connectEngine(HOST, process.env).getContainer(name);
    const placed = { id: "check-1", kind: "check", host: HOST, container };
    const following = followJob(placed, { onProgress: () => undefined, signal: never, lingerSeconds: 0.1 });
    expect(await following).toEqual(CHECKED);
    expect(await docker("inspect", "--format", "{{.State.ExitCode}}", name)).toBe("137");
  });

  test("a verify opens it there", async () => {
    const { repository, name } = plan;
    const job = { kind: "verify", version: 1, repository, plan: name, point, record: false } as const;
    const { proof } = succeeded(await run(job), "verify");
    expect(proof.ok).toBe(true);
  });

  test("a database and a volume are swapped in place by the launcher: rows, owners, modes and links are equal", async () => {
    await world.sql("app", "UPDATE t SET text = 'wrong'; DELETE FROM t WHERE n > 5");
    await inVolume(
      world.files,
      'fs.rmSync("/data/photos", { recursive: true }); fs.writeFileSync("/data/stray", "x");',
    );
    const record = await launched(startLauncher(world, launchOf(plan, { id: "swap-1", into: { replace: {} } })));
    expect(record.error).toBeUndefined();
    expect(record).toMatchObject({ ok: true, from: { point } });
    expect(await world.sql("app", ROWS)).toBe(rows);
    expect(await inVolume(world.files, LISTING)).toBe(files);
    expect(await jobContainers(plan)).toEqual([]);
  });

  test("files go into a new volume, which is labelled; one that holds something is refused", async () => {
    const volume = `${world.place.network}-new`;
    const launch = (id: string) => launchOf(plan, { id, into: { volume } });
    const record = await launched(startLauncher(world, launch("new-1")));
    expect(record.error).toBeUndefined();
    expect(await inVolume(volume, LISTING)).toBe(files);
    expect(await docker("volume", "inspect", "--format", '{{index .Labels "restorable.plan"}}', volume)).toBe("app");
    const again = await launched(startLauncher(world, launch("new-2")));
    expect(again).toMatchObject({ ok: false, error: { code: "target-not-empty" } });
    expect(await inVolume(volume, LISTING)).toBe(files);
  });

  test.each([
    ["missing-image", { image: "restorable-nobody:none" }, "build it there or pull it"],
    ["missing-network", { network: { kind: "network", name: "no-such-network" } }, "docker network ls"],
    ["missing-container", { network: { kind: "container", name: "no-such-container" } }, "docker ps"],
    ["engine-unreachable", { host: "unix:///nowhere/docker.sock" }, "start the engine"],
  ])("%s is named before anything is made", async (code, change, hint) => {
    const wrong = parse(planSchema, { ...plan, target: { ...plan.target, ...change } }, "plan");
    const job = { kind: "backup", version: 1, plan: wrong } as const;
    const placed = runnerOn(wrong)(job, { secrets: world.secrets, onProgress: () => undefined, signal: never });
    await expect(placed).rejects.toMatchObject({ code, hint: expect.stringContaining(hint) });
    expect(await jobContainers(plan)).toEqual([]);
  });

  test("a volume that is not there is named, and Docker does not make it", async () => {
    const sources = plan.sources.map((source) =>
      source.kind === "files" ? { ...source, mount: { kind: "volume", name: "no-such-volume" } } : source,
    );
    const wrong = parse(planSchema, { ...plan, sources }, "plan");
    const job = { kind: "backup", version: 1, plan: wrong } as const;
    await expect(
      runnerOn(wrong)(job, { secrets: world.secrets, onProgress: () => undefined, signal: never }),
    ).rejects.toMatchObject({ code: "missing-volume" });
    expect(await docker("volume", "ls", "--quiet", "--filter", "name=no-such-volume")).toBe("");
  });
});
