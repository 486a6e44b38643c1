import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Plan, Quiesce, QuiesceUnit } from "../../spec/index.ts";
import { waitFor } from "../support/wait-for.ts";
import { docker, LABELLED, program } from "./support/docker.ts";
import {
  hold,
  hostPlan,
  inVolume,
  jobContainers,
  killAfter,
  LISTING,
  launched,
  launchOf,
  removeJobs,
  restorable,
  saidBy,
  startLauncher,
} from "./support/launches.ts";
import { type DockerWorld, makeDockerWorld } from "./support/world.ts";

const ROWS = "SELECT count(*), md5(string_agg(text, ',' ORDER BY n)) FROM t";

describe("kills and supervisors · docker, postgres 17, versitygw", () => {
  let world: DockerWorld;
  let app: string;
  let folder: string;
  let plan: Plan;
  let point: string;
  let saved: { readonly rows: string; readonly files: string };

  beforeAll(async () => {
    world = await makeDockerWorld();
    folder = await mkdtemp(path.join(tmpdir(), "restorable-launch-"));
    app = world.place.claim("app");
    const service = ["--label", `com.docker.compose.project=${world.place.network}`];
    const named = [...service, "--label", "com.docker.compose.service=app", ...LABELLED, "--name", app, "--init"];
    // The daemon would start it whenever it comes up, whoever stopped it.
    await docker("run", "--detach", ...named, "--restart", "always", "debian:trixie-slim", "sleep", "infinity");
    plan = planWith({});
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    await inVolume(
      world.files,
      'fs.writeFileSync("/data/a", "first"); fs.chownSync("/data/a", 33, 44); fs.writeFileSync("/data/big", Buffer.alloc(1_500_000, "x"));',
    );
    saved = await live();
    const backup = await cli(["backup", "--json"]);
    expect(backup.exitCode, backup.all).toBe(0);
    point = JSON.parse(backup.stdout).manifest.id;
  });

  /** What is live differs from the point, so that old and new can be told apart. */
  beforeEach(async () => {
    await world.sql("app", "UPDATE t SET text = 'changed' WHERE n = 1");
    await inVolume(world.files, 'fs.writeFileSync("/data/a", "second");');
    await docker("start", app);
  });

  afterAll(async () => {
    if (!world) return;
    await removeJobs(plan);
    await world.close();
    await rm(folder, { recursive: true });
  });

  const live = async () => ({ rows: await world.sql("app", ROWS), files: await inVolume(world.files, LISTING) });
  const planWith = (quiesce: Partial<Quiesce>) => hostPlan(world, { quiesce: { timeoutSeconds: 20, ...quiesce } });
  const stopping = (...units: readonly QuiesceUnit[]) => planWith({ units: [...units] });
  const start = (of: Plan, id: string) => startLauncher(world, launchOf(of, { id, point, into: { replace: {} } }));
  const policy = (name: string) => docker("inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", name);
  const runs = async (name: string) => (await docker("inspect", "--format", "{{.State.Running}}", name)) === "true";
  const cli = (args: readonly string[], of: Plan = plan) => {
    const file = path.join(folder, "plan.json");
    writeFileSync(file, JSON.stringify(of));
    return restorable(world, [...args, "--target", file]);
  };
  const jobOf = (label: string) =>
    waitFor(`a container with ${label}`, async () => {
      const filters = [`label=restorable.stack=${plan.stack}`, `label=${label}`].flatMap((each) => ["--filter", each]);
      return (await docker("ps", "--quiet", ...filters)) || undefined;
    });

  test("a backup whose launcher is killed goes on; status shows it, attach gets its result and removes the container", async () => {
    const launcher = cli(["backup"]);
    const container = await jobOf("restorable.kind=backup");
    await hold(container);
    launcher.kill("SIGKILL");
    await launcher;
    const status = await cli(["status", "--json"]);
    const [job] = JSON.parse(status.stdout).plans[0].jobs;
    expect(job).toMatchObject({ kind: "backup", state: "runs" });
    await docker("unpause", container);
    const attached = await cli(["attach", job.id, "--json"]);
    expect(attached.exitCode, attached.all).toBe(0);
    expect(JSON.parse(attached.stdout)).toMatchObject({ ok: true, kind: "backup" });
    expect(await jobContainers(plan)).toEqual([]);
    expect((await cli(["attach", job.id])).exitCode).toBe(3);
  });

  test("a restore stops a container, keeps another one of its project and starts exactly what ran", async () => {
    const idle = world.place.claim("idle");
    const service = ["--label", `com.docker.compose.project=${world.place.network}`];
    await docker(
      "create",
      ...service,
      "--label",
      "com.docker.compose.service=idle",
      ...LABELLED,
      "--name",
      idle,
      "debian:trixie-slim",
      "sleep",
      "infinity",
    );
    const probes: Quiesce["probes"] = [{ kind: "exec", container: app, argv: ["true"] }];
    const project: QuiesceUnit = { kind: "compose", project: world.place.network, keep: ["db"] };
    const launcher = start(planWith({ units: [project], probes }), "compose-1");
    await saidBy(launcher, /swapping the restored data in/);
    expect([await runs(app), await runs(world.postgres)]).toEqual([false, true]);
    expect(await launched(launcher)).toMatchObject({ ok: true });
    expect(await live()).toEqual(saved);
    expect([await runs(app), await runs(idle)]).toEqual([true, false]);
  });

  test("the launcher killed while it stops the application: the next run undoes it and starts what ran", async () => {
    const flag = path.join(folder, "stopping");
    const slow: QuiesceUnit = { kind: "host", stop: ["sh", "-c", `touch ${flag}; sleep 300`], start: ["rm", flag] };
    const of = stopping({ kind: "container", container: app }, slow);
    const before = await live();
    const launcher = start(of, "killed-1");
    await killAfter(launcher, /stopping: sh/);
    expect(await runs(app)).toBe(false);
    const record = await launched(start(of, "killed-1"));
    expect(record).toMatchObject({ ok: false, error: { code: "interrupted" } });
    expect(await runs(app)).toBe(true);
    expect(await live()).toEqual(before);
  });

  test("the launcher killed during the swap: resume completes it and starts the application", async () => {
    const of = stopping({ kind: "container", container: app });
    const launcher = start(of, "killed-2");
    await killAfter(launcher, /swapping the restored data in/);
    expect([await runs(app), await policy(app)]).toEqual([false, "no"]);
    const resumed = await waitFor("the end of the job that goes on", async () => {
      const tried = await cli(["resume", "killed-2", "--json"], of);
      return /"busy"/.test(tried.stdout) ? undefined : tried;
    });
    const { ok } = JSON.parse(resumed.stdout);
    // The job may have been placed or not when its launcher died: old or new, and never mixed.
    expect(await live()).toEqual(
      ok ? saved : expect.objectContaining({ files: expect.not.stringMatching(saved.files) }),
    );
    expect([await runs(app), await policy(app)]).toEqual([true, "always"]);
  });

  test("a job's container that is killed is undone within the life of its lease, the application untouched", async () => {
    const of = stopping({ kind: "container", container: app });
    const before = await live();
    const launcher = start(of, "killed-3");
    await saidBy(launcher, /restoring 'db' beside/);
    await docker("kill", await jobOf("restorable.action=prepare"));
    const record = await launched(launcher);
    expect(record.ok).toBe(false);
    expect(await live()).toEqual(before);
    expect(await runs(app)).toBe(true);
    expect(await jobContainers(plan)).toEqual([]);
  });

  describe("beside a supervisor", () => {
    const supervise = (...names: readonly string[]) =>
      execa(
        "sh",
        ["-c", `while :; do ${names.map((name) => `${program} start ${name}`).join("; ")}; sleep 0.2; done`],
        {
          reject: false,
          stdio: "ignore",
          detached: true,
        },
      );

    test("what starts the application again is noticed, named, and nothing is changed", async () => {
      const supervisor = supervise(app);
      try {
        const before = await live();
        const of = planWith({ units: [{ kind: "container", container: app }], quietSeconds: 60 });
        const record = await launched(start(of, "supervised-1"));
        expect(record).toMatchObject({
          ok: false,
          error: { code: "quiesce-failed", fact: `container ${app} runs again after being stopped` },
        });
        expect(record.error?.hint).toContain("name that supervisor");
        expect(await live()).toEqual(before);
        expect(await runs(app)).toBe(true);
      } finally {
        process.kill(-(supervisor.pid as number), "SIGKILL");
      }
    });

    test("a named one is stopped first, and the database that it took along is started for the restore", async () => {
      const supervisor = supervise(app, world.postgres);
      const end = `kill -9 -${supervisor.pid}; ${program} stop --time 20 ${world.postgres} ${app}`;
      const flag = path.join(folder, "started");
      const of = planWith({
        units: [
          { kind: "host", stop: ["sh", "-c", end], start: ["touch", flag] },
          { kind: "compose", project: world.place.network, keep: ["db"] },
        ],
        quietSeconds: 1,
        probe: ["test", "-e", flag],
      });
      const record = await launched(start(of, "supervised-2"));
      expect(record.error).toBeUndefined();
      expect(await live()).toEqual(saved);
      expect([await runs(app), await runs(world.postgres)]).toEqual([true, true]);
    });
  });

  test("processes inside a container are stopped and started, and the container goes on", async () => {
    const inside = (text: string) => ["sh", "-c", text];
    const spawn = "setsid sh -c 'echo $$ > /tmp/worker; exec sleep 9999' > /dev/null 2>&1 &";
    await docker("exec", app, ...inside(spawn));
    const stopped = inside("! kill -0 $(cat /tmp/worker) 2> /dev/null");
    const unit: QuiesceUnit = {
      kind: "exec",
      container: app,
      stop: inside("kill $(cat /tmp/worker)"),
      stopped,
      start: inside(spawn),
    };
    const began = await docker("inspect", "--format", "{{.State.StartedAt}}", app);
    const launcher = start(stopping(unit), "exec-1");
    await saidBy(launcher, /swapping the restored data in/);
    await docker("exec", app, ...stopped);
    expect(await launched(launcher)).toMatchObject({ ok: true });
    expect(await live()).toEqual(saved);
    await expect(docker("exec", app, ...stopped)).rejects.toThrow();
    expect(await docker("inspect", "--format", "{{.State.StartedAt}}", app)).toBe(began);
  });

  test("a disk that fills up in the middle of a restore: nothing is lost, and the application was not stopped", async () => {
    const small = await world.place.volume("small", [
      "--opt",
      "type=tmpfs",
      "--opt",
      "device=tmpfs",
      "--opt",
      "o=size=4m",
    ]);
    // A tmpfs lives as long as somebody has it mounted.
    const keeper = world.place.claim("keeper");
    const mounted = ["--volume", `${small}:/data`, ...LABELLED, "--name", keeper, "--init"];
    await docker("run", "--detach", ...mounted, "debian:trixie-slim", "sleep", "infinity");
    await docker("exec", keeper, "sh", "-c", "echo live > /data/a");
    const of = stopping({ kind: "container", container: app });
    const mount = { kind: "volume", name: small } as const;
    const sources = of.sources.map((source) => (source.kind === "files" ? { ...source, mount } : source));
    const before = { rows: await world.sql("app", ROWS), listing: await docker("exec", keeper, "ls", "-A", "/data") };
    const began = await docker("inspect", "--format", "{{.State.StartedAt}}", app);
    const launcher = start({ ...of, sources }, "full-1");
    await saidBy(launcher, /restoring 'db' beside/);
    const container = await jobOf("restorable.action=prepare");
    await hold(container);
    await docker("exec", keeper, "sh", "-c", "head -c 9000000 /dev/zero > /data/filler; rm -f /data/nothing; true");
    await docker("unpause", container);
    const record = await launched(launcher);
    expect(record).toMatchObject({ ok: false, error: { code: "no-room" } });
    await docker("exec", keeper, "rm", "/data/filler");
    expect({ rows: await world.sql("app", ROWS), listing: await docker("exec", keeper, "ls", "-A", "/data") }).toEqual(
      before,
    );
    expect(await docker("exec", keeper, "cat", "/data/a")).toBe("live");
    expect(await docker("inspect", "--format", "{{.State.StartedAt}}", app)).toBe(began);
  });

  test("a container that is not there is named before anything is stopped", async () => {
    const of = stopping({ kind: "container", container: app }, { kind: "container", container: "no-such-container" });
    const began = await docker("inspect", "--format", "{{.State.StartedAt}}", app);
    const record = await launched(start(of, "missing-1"));
    expect(record).toMatchObject({ ok: false, error: { code: "missing-container" } });
    expect(await docker("inspect", "--format", "{{.State.StartedAt}}", app)).toBe(began);
  });

  test("no secret is in what Docker shows of a job, while it runs and afterwards", async () => {
    const launcher = cli(["backup"]);
    const container = await jobOf("restorable.kind=backup");
    await hold(container);
    launcher.kill("SIGKILL");
    await launcher;
    await docker("unpause", container);
    await docker("wait", container);
    const inspected = await docker("inspect", container);
    const logged = (await execa(program, ["logs", container], { all: true })).all;
    const [shown] = JSON.parse(inspected);
    expect(shown.Config.User).toBe("10001:10001");
    expect(shown.HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], Privileged: false });
    expect(shown.HostConfig.CapAdd ?? []).toEqual([]);
    expect(shown.HostConfig.SecurityOpt).toEqual(["no-new-privileges"]);
    expect(shown.Mounts.every((mount: { RW: boolean }) => !mount.RW)).toBe(true);
    for (const [name, secret] of Object.entries(world.secrets)) {
      const lines = secret.split("\n").filter((line) => line.length > 8 && !line.startsWith("-----"));
      for (const line of lines) for (const text of [inspected, logged]) expect(text.includes(line), name).toBe(false);
    }
    expect((await cli(["attach"])).exitCode).toBe(0);
  });
});
