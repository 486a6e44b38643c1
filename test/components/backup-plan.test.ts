import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { BackupBucket, BackupPlan, Repository } from "../../components/index.ts";
import { plan as planSchema } from "../../spec/index.ts";
import { aRepository, CREDENTIALS, dockerPlanArgs, ENDPOINT, planArgs } from "./support/args.ts";
import { known, mockEngine } from "./support/mock-engine.ts";

test("a plan resolves to the contract's specification, with its secrets beside it", async () => {
  await mockEngine();
  const plan = new BackupPlan("packit", planArgs(aRepository()));
  const spec = await known(plan.spec);
  expect(planSchema.parse(spec)).toEqual(spec);
  expect(spec).toMatchObject({
    project: "backups",
    stack: "montagu-uat",
    name: "packit-plan",
    target: { kind: "local", ledger: "/ledger" },
    repository: { environment: "uat", location: { kind: "directory", path: "/backups" } },
    schedule: { kind: "cron", cron: "@daily", timeZone: "Europe/London" },
    protected: true,
    superseded: { days: 28 },
  });
  expect(spec.sources[0]).toMatchObject({
    kind: "postgres",
    name: "db",
    login: { user: "packituser", password: { kind: "env", name: "RESTORABLE_PACKIT_PLAN_DB_PASSWORD" } },
    admin: { user: "postgres", password: { kind: "env", name: "RESTORABLE_PACKIT_PLAN_DB_ADMIN_PASSWORD" } },
    tls: { mode: "verify-full", ca: "/ca.pem" },
  });
  expect(await known(plan.secrets)).toMatchObject({
    RESTORABLE_PACKIT_PLAN_DB_PASSWORD: "password-of-tests",
    RESTORABLE_PACKIT_PLAN_DB_ADMIN_PASSWORD: "admin-password-of-tests",
    RESTORABLE_MONTAGU_SIGNING_KEY: expect.stringContaining("PRIVATE KEY"),
  });
});

test("a plan on a Docker host resolves to the contract's specification: units and probes by kind, mounts beside directories", async () => {
  await mockEngine();
  const plan = new BackupPlan("packit", dockerPlanArgs(aRepository(), pulumi.output));
  const spec = await known(plan.spec);
  expect(planSchema.parse(spec)).toEqual(spec);
  expect(spec.target).toEqual({
    kind: "docker",
    host: "ssh://backup@host.example.org",
    image: "restorable-runner:1.0",
    network: { kind: "container", name: "app_1" },
    ledger: "ledger-of-tests",
    user: "10002:10003",
    memory: 256 * 1024 ** 2,
  });
  expect(spec.sources.slice(1)).toMatchObject([
    { name: "images", directory: "/sources/images", mount: { kind: "volume", name: "app_images" }, exclude: ["tmp"] },
    { name: "envs", directory: "/sources/envs/now/prod", mount: { kind: "bind", path: "/srv/app/.envs" } },
  ]);
  expect(spec.schedule).toEqual({ kind: "cron", cron: "0 0 2 * * *", timeZone: "Europe/London", jitterSeconds: 60 });
  expect(spec.quiesce).toMatchObject({
    stop: [["stop"]],
    quietSeconds: 5,
    units: [
      { kind: "host", stop: ["supervisorctl", "stop", "app"], start: ["supervisorctl", "start", "app"] },
      { kind: "compose", project: "production", keep: ["postgres"] },
      { kind: "exec", container: "app_1", stop: ["stop", "celery"], stopped: ["gone", "celery"], user: "celery" },
      { kind: "container", container: "worker_1" },
    ],
    probes: [
      { kind: "http", url: "http://host.example.org:8080/" },
      { kind: "exec", container: "app_1", argv: ["ready", "now"], user: "app" },
    ],
  });
});

test("a Docker host has defaults: its own engine, an ordinary user, 1 GiB, a ledger named after project, stack and plan", async () => {
  await mockEngine();
  const { sources, recipients, repository } = dockerPlanArgs(aRepository());
  const plan = new BackupPlan("packit", {
    target: { docker: { network: "montagu_default" } },
    runner: { image: "restorable-runner:1.0" },
    sources,
    repository,
    recipients,
  });
  expect((await known(plan.spec)).target).toEqual({
    kind: "docker",
    host: "unix:///var/run/docker.sock",
    image: "restorable-runner:1.0",
    network: { kind: "network", name: "montagu_default" },
    ledger: "restorable_backups_montagu-uat_packit_ledger",
    user: "10001:10001",
    memory: 1024 ** 3,
  });
});

test("the specification is no secret and holds none; the secrets all are", async () => {
  await mockEngine();
  const plan = new BackupPlan("packit", planArgs(aRepository(), pulumi.output));
  expect(await pulumi.isSecret(plan.spec)).toBe(false);
  expect(await pulumi.isSecret(plan.secrets)).toBe(true);
  const text = JSON.stringify(await known(plan.spec));
  for (const secret of Object.values(await known(plan.secrets))) expect(text).not.toContain(secret.slice(0, 20));
});

test("what a reader need not decide has a default", async () => {
  const engine = await mockEngine();
  const { recipients, repository } = planArgs(aRepository());
  const plan = new BackupPlan("packit", {
    target: { local: {} },
    sources: [
      { postgres: { host: "localhost", database: "packit", user: "packit" } },
      { files: { directory: "/data" } },
    ],
    repository,
    recipients,
  });
  const spec = await known(plan.spec);
  expect(spec.name).toBe("packit");
  expect(spec.sources.map(({ name }) => name)).toEqual(["postgres", "files"]);
  expect(spec.target.ledger).toBe("/var/lib/restorable");
  expect(spec.schedule).toEqual({ kind: "none" });
  expect(spec.retention).toBeUndefined();
  expect(engine.warnings).toEqual([expect.stringContaining("no schedule")]);
});

test("one recipient alone gets a warning, two get none", async () => {
  const engine = await mockEngine();
  const args = planArgs(aRepository());
  new BackupPlan("two", args);
  expect(engine.warnings).toEqual([]);
  new BackupPlan("one", { ...args, recipients: args.recipients.slice(0, 1) });
  expect(engine.warnings).toEqual([expect.stringContaining("one recipient alone")]);
});

test("a plan declares nothing of its own on the local target", async () => {
  const engine = await mockEngine();
  new BackupPlan("packit", planArgs(aRepository()));
  await engine.settled();
  const plan = engine.named("packit");
  expect(plan.type).toBe("restorable:index:BackupPlan");
  expect(engine.resources.filter(({ parent }) => parent.includes("BackupPlan"))).toEqual([]);
});

test("a repository that nobody signs for is refused", async () => {
  await mockEngine();
  const args = planArgs(aRepository());
  const reader = new Repository("prod", {
    directory: "/backups",
    environment: "prod",
    signing: { none: {} },
    trusted: [`${"B".repeat(43)}=`],
  });
  expect(() => new BackupPlan("packit", { ...args, repository: reader })).toThrow(
    'BackupPlan "packit": repository: is only read',
  );
});

test("[beyond.5] a lock that outlasts the retention is refused with both numbers", async () => {
  await mockEngine();
  const bucket = new BackupBucket("backups", {
    create: { ...ENDPOINT, credentials: CREDENTIALS },
    lock: { mode: "compliance", days: 30 },
  });
  const repository = new Repository("locked", { s3: { bucket }, environment: "prod" });
  const args = { ...planArgs(repository), retention: { keepDaily: 14 } };
  expect(() => new BackupPlan("packit", args)).toThrow(
    /BackupPlan "packit": retention: the bucket's compliance lock holds every object for 30 days, but .* longer than 14 days/,
  );
});
