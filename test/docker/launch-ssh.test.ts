import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Plan, parse, plan as planSchema } from "../../spec/index.ts";
import { waitFor } from "../support/wait-for.ts";
import { docker } from "./support/docker.ts";
import {
  hold,
  hostPlan,
  inVolume,
  jobContainers,
  LISTING,
  launched,
  launchOf,
  removeJobs,
  restorable,
  startLauncher,
} from "./support/launches.ts";
import { type SshHost, startSshHost } from "./support/ssh-host.ts";
import { type DockerWorld, makeDockerWorld } from "./support/world.ts";

describe("a Docker host that is reached by ssh · docker, sshd, postgres 17, versitygw", () => {
  let world: DockerWorld;
  let host: SshHost;
  let folder: string;
  let plan: Plan;

  beforeAll(async () => {
    world = await makeDockerWorld();
    folder = await mkdtemp(path.join(tmpdir(), "restorable-ssh-"));
    host = await startSshHost(world.place, folder);
    const here = hostPlan(world, {
      quiesce: {
        units: [
          { kind: "host", stop: ["sh", "-c", 'echo stopped by "$USER\'s" > /tmp/said'], start: ["rm", "/tmp/said"] },
        ],
      },
    });
    plan = parse(planSchema, { ...here, target: { ...here.target, host: host.host } }, "plan");
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    await inVolume(world.files, 'fs.writeFileSync("/data/a", "first"); fs.chownSync("/data/a", 33, 44);');
  });

  afterAll(async () => {
    if (!world) return;
    await removeJobs(plan);
    await world.close();
    await rm(folder, { recursive: true });
  });

  const cli = (...args: readonly string[]) => {
    const file = path.join(folder, "plan.json");
    writeFileSync(file, JSON.stringify(plan));
    return restorable(world, [...args, "--target", file], host.env);
  };

  test("a backup that loses its connection is found again and ends", async () => {
    const backup = cli("backup", "--json");
    const filters = ["--filter", `label=restorable.stack=${plan.stack}`];
    const container = await waitFor(
      "the job's container",
      async () => (await docker("ps", "--quiet", ...filters)) || undefined,
    );
    await hold(container);
    await host.restart();
    await docker("unpause", container);
    const { exitCode, stdout, all } = await backup;
    expect(exitCode, all).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, kind: "backup" });
    expect(await jobContainers(plan)).toEqual([]);
  });

  test("a restore goes through it, and programs of the host are run there", async () => {
    const files = await inVolume(world.files, LISTING);
    await inVolume(world.files, 'fs.writeFileSync("/data/a", "second");');
    const launcher = startLauncher(world, launchOf(plan, { id: "ssh-1", into: { replace: {} } }), host.env);
    let said = "";
    launcher.stderr.on("data", (text: Buffer) => {
      said += text;
    });
    await waitFor("the swap", () => said.includes("swapping the restored data in"), { seconds: 120, every: 10 });
    expect(await docker("exec", host.container, "cat", "/tmp/said")).toMatch(/^stopped by .*'s$/);
    const record = await launched(launcher);
    expect(record.error).toBeUndefined();
    expect(await inVolume(world.files, LISTING)).toBe(files);
    await expect(docker("exec", host.container, "test", "-e", "/tmp/said")).rejects.toThrow();
  });

  test("a machine that nobody knows is refused in ssh's own words", async () => {
    await host.know(false);
    try {
      const { exitCode, all } = await cli("backup");
      expect(exitCode, all).toBe(4);
      expect(all).toContain("Host key verification failed");
      expect(all).toContain("ssh has to work without asking");
    } finally {
      await host.know(true);
    }
  });
});
