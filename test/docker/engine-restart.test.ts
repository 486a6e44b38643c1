import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { execa } from "execa";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Plan, parse, plan as planSchema, type Quiesce, sourceMount } from "../../spec/index.ts";
import { RUNNER_IMAGE } from "../../tools/docker/images.ts";
import { checkout } from "../../tools/servers/tools.ts";
import { catalogOf, makeWorld, type World } from "../runner/world.ts";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { skipBecause } from "../support/skip.ts";
import { waitFor } from "../support/wait-for.ts";
import { docker, Place } from "./support/docker.ts";
import { LISTING, launched, launchOf, startLauncher } from "./support/launches.ts";
import { type SecondEngine, startSecondEngine, whyNoSecondEngine } from "./support/second-engine.ts";

/** A plan that runs by its schedule every few seconds, in the same store. */
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { BackupBucket, BackupPlan, Repository } from ${JSON.stringify(path.join(checkout, "components/index.ts"))};
const config = new pulumi.Config();
const bucket = new BackupBucket("backups", { existing: {
  endpoint: config.require("endpoint"),
  bucket: "backups",
  credentials: { accessKeyId: config.requireSecret("id"), secretAccessKey: config.requireSecret("key") },
} });
const plan = new BackupPlan("night", {
  target: { docker: { host: config.require("host"), network: "host" } },
  runner: { image: config.require("image") },
  sources: [
    { postgres: { host: "127.0.0.1", port: config.requireNumber("port"), database: "app", user: "postgres", password: config.requireSecret("password") } },
    { files: { volume: "files" } },
  ],
  repository: new Repository("night", { s3: { bucket }, environment: "prod" }),
  schedule: { cron: "*/5 * * * * *", timeZone: "UTC" },
  retention: { keepLast: 50, minimum: 2 },
  recipients: [config.require("recipient")],
});
export const spec = plan.spec;
export const secrets = plan.secrets;
`;

const without = whyNoSecondEngine();

const NAME = "an engine that is restarted · docker, pulumi engine, postgres 17, versitygw";
const tests = () => {
  let world: World;
  let engine: SecondEngine;
  let proxy: CountingProxy;
  let folder: string;
  let plan: Plan;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "restorable-restarts-"));
    [world, engine] = await Promise.all([makeWorld(), startSecondEngine()]);
    [proxy] = await Promise.all([startCountingProxy(world.s3.endpoint), engine.load(RUNNER_IMAGE)]);
    await engine.docker("volume", "create", "files");
    await inFiles('fs.writeFileSync("/data/a", "first"); fs.chownSync("/data/a", 33, 44);');
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    // As an application that comes up with its host, whoever stopped it.
    await engine.docker(
      ...["run", "--detach", "--name", "app", "--init", "--restart", "always", "--volume", "files:/data"],
      ...["--entrypoint", "sleep", RUNNER_IMAGE, "infinity"],
    );
    plan = planWith({});
  });

  beforeEach(() => {
    proxy.judge = () => "pass";
  });

  afterAll(async () => {
    await engine?.close();
    await proxy?.close();
    await world?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  const planWith = (quiesce: Partial<Quiesce>): Plan => {
    const { location } = world.plan.repository;
    return parse(
      planSchema,
      {
        ...world.plan,
        target: {
          kind: "docker",
          host: engine.host,
          image: RUNNER_IMAGE,
          network: { kind: "network", name: "host" },
          ledger: "ledger",
        },
        sources: world.plan.sources.map((source) =>
          source.kind === "files"
            ? { ...source, directory: sourceMount(source.name), mount: { kind: "volume", name: "files" } }
            : source,
        ),
        repository: { ...world.plan.repository, location: { ...location, endpoint: proxy.endpoint } },
        quiesce: { timeoutSeconds: 60, quietSeconds: 1, ...quiesce },
      },
      "plan",
    );
  };
  const inFiles = (script: string) =>
    engine.docker(
      ...["run", "--rm", "--network", "none", "--user", "0:0", "--volume", "files:/data"],
      ...["--entrypoint", "node", RUNNER_IMAGE, "--eval", script, "--", "/data"],
    );
  const state = (name: string, format = "{{.State.Running}}") => engine.docker("inspect", "--format", format, name);
  const as = async (of: Plan, secrets: Readonly<Record<string, string>>, ...args: readonly string[]) => {
    const file = path.join(folder, `${of.name}.json`);
    await writeFile(file, JSON.stringify(of));
    return execa(process.execPath, [path.join(checkout, "cli/main.ts"), ...args, "--json", "--target", file], {
      env: { ...secrets, RESTORABLE_IDENTITY: world.operatorKey },
      reject: false,
      all: true,
    });
  };
  const cli = (...args: readonly string[]) => as(plan, world.secrets, ...args);
  const jobContainers = () =>
    engine.docker("ps", "--all", "--quiet", "--filter", `label=restorable.stack=${plan.stack}`);
  /** What a point is without: its manifest is written last. Answers when all of them wait for it. */
  const holdManifests = async (...plans: readonly string[]): Promise<() => void> => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const held = new Set<string>();
    proxy.judge = async ({ method, url }) => {
      const of = plans.find((name) => url.includes(`/prod/${name}/catalog/`));
      if (method !== "PUT" || of === undefined) return "pass";
      held.add(of);
      await gate;
      return "drop";
    };
    await waitFor("the manifests of backups", () => held.size === plans.length, { seconds: 120 });
    return release;
  };
  const verify = async (of: Plan, point: string | undefined, secrets: Readonly<Record<string, string>>) => {
    const { exitCode, all } = await as(of, secrets, "verify", point ?? "latest");
    expect(exitCode, all).toBe(0);
  };

  test("in the middle of backups: no half point is seen, the scheduler comes up and goes on, and a job by hand ends", async () => {
    const stack = await PulumiStack.create({ program: PROGRAM, standIns: ["docker"], stack: "restarts" });
    try {
      const secret = { id: world.secrets.S3_ID, key: world.secrets.S3_SECRET, password: world.secrets.PG_PASSWORD };
      for (const [key, value] of Object.entries(secret)) await stack.setConfig(key, String(value), { secret: true });
      const { endpoint } = proxy;
      const [recipient = ""] = plan.recipients;
      const config = {
        endpoint,
        host: engine.host,
        image: RUNNER_IMAGE,
        port: String(world.postgres.port),
        recipient,
      };
      for (const [key, value] of Object.entries(config)) await stack.setConfig(key, value);
      const up = await stack.up();
      expect(up.ok, up.text).toBe(true);
      const outputs = await stack.outputs();
      const [night, secrets] = [outputs.spec as Plan, outputs.secrets as Record<string, string>];
      const scheduler = "restorable_inline_restarts_night";
      const points = async () =>
        (await catalogOf({ ...world, run: (job) => world.run(job, secrets) }, night)).points.map(({ id }) => id);

      const holding = holdManifests(night.name, plan.name);
      const byHand = cli("backup");
      const release = await holding;
      const [before, began] = [await points(), await state(scheduler, "{{.State.StartedAt}}")];
      await engine.restart("TERM", async () => {
        release();
        expect(await points()).toEqual(before);
        expect((await catalogOf(world)).points).toEqual([]);
      });
      proxy.judge = () => "pass";

      const { exitCode, stdout, all } = await byHand;
      expect(exitCode, all).not.toBe(0);
      expect(JSON.parse(stdout).error.code, all).toMatch(/^(interrupted|process-failed)$/);
      expect(await jobContainers()).toBe("");

      expect([await state("app"), await state(scheduler)]).toEqual(["true", "true"]);
      expect(await state(scheduler, "{{.State.StartedAt}}")).not.toBe(began);
      const next = await waitFor(
        "a point of the scheduler",
        async () =>
          (await catalogOf({ ...world, run: (job) => world.run(job, secrets) }, night)).points.find(
            ({ id }) => !before.includes(id),
          ),
        { seconds: 120, every: 500 },
      );
      await verify(night, next.id, secrets);
      await engine.docker("rm", "--force", scheduler);
    } finally {
      await stack.remove();
    }
    const again = await cli("backup");
    expect(again.exitCode, again.all).toBe(0);
    const { points } = await catalogOf(world);
    expect(points.length).toBe(1);
    await verify(plan, points[0]?.id, world.secrets);
  });

  test("killed in the middle of a backup: it ends with a result or a clear error, and the next one is whole", async () => {
    const before = (await catalogOf(world)).points.length;
    const holding = holdManifests(plan.name);
    const byHand = cli("backup");
    const release = await holding;
    await engine.restart("KILL", release);
    proxy.judge = () => "pass";
    const { exitCode, stdout, all } = await byHand;
    const { ok, error } = JSON.parse(stdout);
    expect([ok, exitCode === 0], all).toEqual([error === undefined, error === undefined]);
    expect(await jobContainers()).toBe("");
    const left = (await catalogOf(world)).points;
    expect(left.length).toBe(before + (ok ? 1 : 0));
    // This engine does not start again what ran when it was killed.
    await engine.docker("start", "app");
    const again = await cli("backup");
    expect(again.exitCode, again.all).toBe(0);
    expect((await catalogOf(world)).points.length).toBe(left.length + 1);
  });

  test("between quiesce and resume of a restore: the daemon does not start the application, and then it runs on old or new data, never mixed", async () => {
    const { place, port } = await newerServer();
    onTestFinished(() => place.remove());
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({
        host: "127.0.0.1",
        port,
        user: "postgres",
        password: world.secrets.PG_PASSWORD,
        database: "app",
      });
      await client.connect();
      return client;
    };
    const client = await waitFor("PostgreSQL", connect, { seconds: 120 });
    await client.query("CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    await client.end();
    const live = async () => {
      const reader = await connect();
      const { rows } = await reader.query("SELECT count(*), md5(string_agg(text, ',' ORDER BY n)) FROM t");
      await reader.end();
      return [rows, await inFiles(LISTING)];
    };
    // Time to lock the table before the swap connects.
    const whole = planWith({ units: [{ kind: "container", container: "app" }], quietSeconds: 10 });
    const sources = whole.sources.map((source) => (source.kind === "postgres" ? { ...source, port } : source));
    const of = { ...whole, sources };
    const saved = await live();
    const backup = await as(of, world.secrets, "backup");
    expect(backup.exitCode, backup.all).toBe(0);
    const point = JSON.parse(backup.stdout).manifest.id;
    const writer = await connect();
    await writer.query("UPDATE t SET text = 'changed' WHERE n = 1");
    await writer.end();
    await inFiles('fs.writeFileSync("/data/a", "second");');
    const changed = await live();

    const launcher = startLauncher(world, launchOf(of, { id: "restarted-1", point, into: { replace: {} } }));
    let said = "";
    launcher.stderr.on("data", (text: Buffer) => {
      said += text;
    });
    const says = (expected: RegExp) => {
      if (!expected.test(said)) throw new Error(said);
      return true;
    };
    await waitFor("the application to be stopped", () => says(/watching for/), { seconds: 240 });
    // The swap has to connect, and nobody can while this table is locked.
    const locker = await connect();
    try {
      await locker.query("BEGIN; LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE");
      await waitFor("a swap that waits", () => says(/swapping the restored data in/), { seconds: 120 });
      expect(await state("app")).toBe("false");
      await engine.restart("TERM");
      // Whoever is to undo or complete the swap waits for the lock as well, so only the daemon can have started it.
      expect(await state("app")).toBe("false");
    } finally {
      await locker.end();
    }
    const record = await launched(launcher);
    expect(await live(), said).toEqual(record.ok ? saved : changed);
    expect(await state("app")).toBe("true");
    expect(await state("app", "{{.HostConfig.RestartPolicy.Name}}")).toBe("always");
    expect(await jobContainers()).toBe("");
  });

  /** A server whose dumps the image's clients can restore, on the engine that goes on. */
  const newerServer = async () => {
    const place = await Place.make();
    const settings = ["--env", `POSTGRES_PASSWORD=${world.secrets.PG_PASSWORD}`, "--env", "POSTGRES_DB=app"];
    const name = await place.start("db", "postgres:17-trixie", [...settings, "--publish", "127.0.0.1::5432"]);
    const [address = ""] = (await docker("port", name, "5432/tcp")).split("\n");
    return { place, port: Number(address.split(":").at(-1)) };
  };
};

if (without === undefined) describe(NAME, tests);
else test(NAME, (context) => skipBecause(context, without));
