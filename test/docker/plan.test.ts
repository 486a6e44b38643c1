import { armor, Decrypter } from "age-encryption";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CatalogPoint, schedulerState } from "../../spec/index.ts";
import { succeeded } from "../runner/world.ts";
import type { PulumiRun } from "../support/pulumi-stack.ts";
import { waitFor } from "../support/wait-for.ts";
import { docker, LABELLED } from "./support/docker.ts";
import { inVolume } from "./support/launches.ts";
import { OFTEN, type PlanStack, planStack } from "./support/plan-stack.ts";
import { type DockerWorld, makeDockerWorld } from "./support/world.ts";

const SEED = `fs.writeFileSync("/data/photo.bin", require("node:crypto").randomBytes(100_000))`;

describe("a plan on a Docker host · docker, pulumi engine, postgres 17, versitygw", () => {
  let world: DockerWorld;
  let app: PlanStack;
  let scheduler: string;
  let first: PulumiRun;
  let data: string | undefined;

  beforeAll(async () => {
    world = await makeDockerWorld();
    await world.sql("app", "CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n");
    await inVolume(world.files, SEED);
    app = await planStack(world, { app: world.postgres, cron: OFTEN });
    scheduler = `restorable_inline_${app.stack.name}_app`;
    first = await app.stack.up();
  });

  afterAll(async () => {
    await app?.stack.destroy();
    await docker("volume", "rm", "--force", `${scheduler}_ledger`).catch(() => undefined);
    await app?.stack.remove();
    await world?.close();
    if (data !== undefined) await docker("volume", "rm", "--force", data);
  });

  const inspect = async (format: string, name = scheduler) => docker("inspect", "--format", format, name);
  const state = async () =>
    schedulerState.parse(JSON.parse(await docker("exec", scheduler, "cat", "/tmp/restorable-schedule.json")));
  const newest = async () => (await app.points()).at(-1)?.id ?? "";
  /** The application's container under its old name, on its old data; answers with their volume. */
  const recreate = async (): Promise<string> => {
    const old = `${world.postgres}-old`;
    const volume = await inspect("{{(index .Mounts 0).Name}}", world.postgres);
    await docker("rename", world.postgres, old);
    await docker("stop", old);
    await docker(
      ...["run", "--detach", "--name", world.postgres, "--network", world.place.network, "--network-alias", "db"],
      ...[...LABELLED, "--volumes-from", old, "postgres:17-trixie"],
    );
    await docker("rm", old);
    return volume;
  };
  /** A point that was begun after now, seen in the catalog. */
  const anotherPoint = async (): Promise<CatalogPoint> => {
    const before = await newest();
    return waitFor("another point", async () => (await app.points()).find(({ id }) => id > before), {
      seconds: 240,
      every: 1000,
    });
  };

  test("`pulumi up` declares ledger, configuration and a scheduler that is healthy", async () => {
    expect(first.ok, first.text).toBe(true);
    expect(await inspect("{{.State.Status}} {{.State.Health.Status}}")).toBe("running healthy");
    expect(await docker("volume", "ls", "--quiet", "--filter", `name=${scheduler}`)).toBe(
      `${scheduler}_configuration\n${scheduler}_ledger`,
    );
  });

  test("it fires on its schedule, in the namespace of a server that it reaches at localhost; its point is whole", async () => {
    const point = await anotherPoint();
    expect(point.signature).toBe("valid");
    expect(point.manifest.sources.map(({ kind }) => kind)).toEqual(["postgres", "files"]);
    const { selected } = await app.catalog(point.id);
    const decrypter = new Decrypter();
    decrypter.addIdentity(world.operatorKey);
    const envelope = Buffer.from(selected?.identity ?? "", "base64").toString();
    const identity = await decrypter.decrypt(armor.decode(envelope), "text");
    const { repository, name } = await app.plan();
    const job = {
      ...({ kind: "verify", version: 1, repository, plan: name, point: point.id, record: false } as const),
      identity: { kind: "env", name: "POINT_IDENTITY" } as const,
    };
    const result = await world.run(job, { ...(await app.secrets()), POINT_IDENTITY: identity });
    const { proof } = succeeded(result, "verify");
    expect(proof.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(proof.checks.length).toBeGreaterThan(2);
    await waitFor("a run that ended well", async () => (await state()).last?.ok);
  });

  test("it prunes by the plan's retention", async () => {
    await waitFor("no more than the three points that are kept, of a fourth run", async () => {
      const log = await docker("logs", scheduler);
      return log.includes('"kind":"prune"') && (await app.points()).length <= 4;
    });
  });

  test("it is no root, has no capability and no socket, writes only to its own /tmp, and reads the sources", async () => {
    const [config] = JSON.parse(await docker("inspect", scheduler));
    expect(config.Config.User).toBe("10001:10001");
    expect(config.HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      CapAdd: [],
      Privileged: false,
      SecurityOpt: ["no-new-privileges"],
      RestartPolicy: { Name: "always" },
      Memory: 1024 ** 3,
      MemorySwap: 1024 ** 3,
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    });
    const mounts = config.Mounts as { Type: string; Destination: string; RW: boolean }[];
    expect(mounts.map(({ Destination, RW }) => [Destination, RW]).sort()).toEqual([
      ["/etc/restorable", false],
      ["/sources/files", false],
    ]);
    expect(JSON.stringify(config)).not.toContain("docker.sock");
    const status = await docker("exec", scheduler, "cat", "/proc/1/status");
    expect(/CapEff:\s*(\w+)/.exec(status)?.[1]).toBe("0000000000000000");
    expect(/NoNewPrivs:\s*(\d)/.exec(status)?.[1]).toBe("1");
    const files = await docker("exec", scheduler, "ls", "-ln", "/etc/restorable");
    expect(files).toMatch(/-r-------- +1 10001 +10001 .*secrets.json/);
  });

  test("no secret is in what Docker knows of it, in its log or in the stack's state", async () => {
    const secrets = { ...(await app.secrets()), operator: world.operatorKey };
    const writer = await docker(
      "ps",
      "--all",
      "--quiet",
      "--filter",
      `volume=${scheduler}_configuration`,
      "--filter",
      "status=created",
    );
    expect(writer).toMatch(/^\w+$/);
    const texts = {
      inspect: await docker("inspect", scheduler),
      writer: await docker("inspect", writer),
      top: await docker("exec", scheduler, "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' ' '"),
      log: await docker("logs", scheduler),
      state: JSON.stringify(await app.stack.export()),
    };
    expect(Object.keys(secrets).length).toBeGreaterThan(4);
    for (const [name, secret] of Object.entries(secrets)) {
      // JSON escapes the line breaks of a key, so its lines are looked for one by one.
      for (const line of secret.split("\n").filter((text) => text.length > 8 && !text.startsWith("-----"))) {
        for (const [where, text] of Object.entries(texts))
          expect(text.includes(line), `${name} in ${where}`).toBe(false);
      }
    }
    // What the scheduler has is what its jobs need: not the prover's key.
    const given = JSON.parse(await docker("exec", scheduler, "cat", "/etc/restorable/secrets.json"));
    expect(Object.keys(given.secrets)).toContain("RESTORABLE_APP_POSTGRES_PASSWORD");
    expect(Object.keys(given.secrets)).not.toContain("RESTORABLE_APP_PROVER_KEY");
  });

  test("a second `up`, also after a refresh, changes nothing", async () => {
    const id = await inspect("{{.Id}}");
    for (const args of [[], ["--refresh"]]) {
      const run = await app.stack.up({ args });
      expect(run.ok, run.text).toBe(true);
      expect(Object.keys(run.changes)).toEqual(["same"]);
    }
    expect(await inspect("{{.Id}}")).toBe(id);
  });

  test("the application's container is restarted: the scheduler joins its new namespace by itself", async () => {
    const began = await inspect("{{.State.StartedAt}}");
    await docker("restart", world.postgres);
    await waitFor("a new start of the scheduler", async () => (await inspect("{{.State.StartedAt}}")) !== began, {
      seconds: 120,
    });
    await anotherPoint();
    expect(await docker("logs", scheduler)).toContain("network-lost");
  });

  test("the application's container is stopped for a while: the scheduler waits, says so, and goes on", async () => {
    await docker("stop", world.postgres);
    const { problem } = await waitFor("the scheduler's word", async () => {
      const now = await state();
      return now.problem !== undefined && now;
    });
    expect(problem).toContain(world.postgres);
    const health = await docker("exec", scheduler, "restorable-runner", "healthy").catch((error: unknown) =>
      String(error),
    );
    expect(health).toContain("is stopped");
    await docker("start", world.postgres);
    await anotherPoint();
  });

  test("the application's container is recreated: the scheduler ends, and `pulumi up --refresh` makes one that joins the new one", async () => {
    data = await recreate();
    await waitFor("the end of the scheduler", async () => (await inspect("{{.State.Running}}")) === "false", {
      seconds: 120,
    });
    expect(await docker("logs", scheduler)).toContain("was removed");
    const run = await app.stack.up({ args: ["--refresh"] });
    expect(run.ok, run.text).toBe(true);
    await anotherPoint();
  });

  test("another schedule replaces the scheduler and keeps the ledger", async () => {
    const id = await inspect("{{.Id}}");
    await inVolume(`${scheduler}_ledger`, `fs.writeFileSync("/data/claimed", "")`);
    await app.stack.setConfig("cron", "@daily");
    const run = await app.stack.up();
    expect(run.ok, run.text).toBe(true);
    expect(await inspect("{{.Id}}")).not.toBe(id);
    expect(await waitFor("its next run", async () => (await state()).next)).toMatch(/T00:00:00.000Z$/);
    expect(await inVolume(`${scheduler}_ledger`, "console.log(fs.readdirSync('/data').join())")).toBe("claimed");
  });

  test("a start that fails fails the update and says why", async () => {
    await app.stack.setConfig("image", "restorable-runner:of-nobody");
    const run = await app.stack.up();
    expect(run.ok).toBe(false);
    expect(run.text).toContain("restorable-runner:of-nobody");
    expect(await inspect("{{.State.Running}}")).toBe("true");
  });

  test("`destroy` takes the scheduler and its secrets away, and leaves the ledger and every point", async () => {
    const [before, plan, secrets] = [await app.points(), await app.plan(), await app.secrets()];
    const run = await app.stack.destroy();
    expect(run.ok, run.text).toBe(true);
    expect(await docker("ps", "--all", "--quiet", "--filter", `name=${scheduler}`)).toBe("");
    expect(await docker("volume", "ls", "--quiet", "--filter", `name=${scheduler}`)).toBe(`${scheduler}_ledger`);
    const job = { kind: "catalog", version: 1, repository: plan.repository, plan: "app", unverified: false } as const;
    const { points } = succeeded(await world.run(job, secrets), "catalog");
    expect(points.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });
});
