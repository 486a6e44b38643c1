import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { BackupPlan, type BackupPlanArgs } from "../../components/index.ts";
import { schedulerFile } from "../../spec/index.ts";
import { aRepository, dockerPlanArgs } from "./support/args.ts";
import { isSecret, mockEngine, type Registered, unwrapped } from "./support/mock-engine.ts";

/** What a plan declares on its host. */
const declared = async (
  change: (args: BackupPlanArgs) => BackupPlanArgs = (args) => args,
  opts?: pulumi.ComponentResourceOptions,
) => {
  const engine = await mockEngine();
  new BackupPlan("packit", change(dockerPlanArgs(aRepository())), opts);
  await engine.settled();
  return engine;
};
const children = (resources: readonly Registered[]) =>
  resources
    .filter(({ parent }) => parent.endsWith("BackupPlan::packit"))
    .map(({ name, type }) => `${type} ${name}`)
    .sort();

test("a plan with a schedule declares its host's provider, its ledger, its configuration and its scheduler", async () => {
  const engine = await declared();
  expect(children(engine.resources)).toEqual([
    "docker:index/container:Container packit-scheduler",
    "docker:index/container:Container packit-writer",
    "docker:index/volume:Volume packit-configuration",
    "docker:index/volume:Volume packit-ledger",
    "pulumi:providers:docker packit-host",
  ]);
  expect(engine.named("packit-host").inputs).toEqual({ host: "ssh://backup@host.example.org" });
  const kept = engine.resources.filter(({ retainOnDelete }) => retainOnDelete).map(({ name }) => name);
  expect(kept).toEqual(["packit-ledger"]);
});

test("a plan without a schedule declares its ledger and nothing that runs", async () => {
  const engine = await declared((args) => ({ ...args, schedule: { none: {} } }));
  expect(children(engine.resources)).toEqual([
    "docker:index/volume:Volume packit-ledger",
    "pulumi:providers:docker packit-host",
  ]);
});

test("the scheduler is confined, joins what the target says and reads the sources", async () => {
  const { inputs, ignoreChanges, deleteBeforeReplace } = (await declared()).named("packit-scheduler");
  expect(inputs).toMatchObject({
    name: "restorable_backups_montagu-uat_packit-plan",
    image: "restorable-runner:1.0",
    command: ["schedule"],
    networkMode: "container:app_1",
    user: "10002:10003",
    memory: 256,
    memorySwap: 256,
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges"],
    tmpfs: { "/tmp": "" },
    restart: "always",
    wait: true,
    healthcheck: { tests: ["CMD", "restorable-runner", "healthy"] },
    mounts: [
      {
        type: "volume",
        source: "restorable_backups_montagu-uat_packit-plan_configuration",
        target: "/etc/restorable",
        readOnly: true,
      },
      { type: "volume", source: "app_images", target: "/sources/images", readOnly: true },
      { type: "bind", source: "/srv/app/.envs", target: "/sources/envs", readOnly: true },
      { type: "bind", source: "/ca.pem", target: "/ca.pem", readOnly: true },
      { type: "bind", source: "/backups", target: "/backups", readOnly: false },
    ],
  });
  for (const absent of ["envs", "uploads", "volumes", "ports", "privileged", "networksAdvanced"])
    expect(inputs).not.toHaveProperty(absent);
  expect(JSON.stringify(inputs)).not.toContain("docker.sock");
  expect(ignoreChanges).toEqual(["image", "networkMode", "networksAdvanced"]);
  expect(deleteBeforeReplace).toBe(true);
});

test("files and secrets are uploaded by a container that never starts, for the scheduler's user alone; the whole is secret", async () => {
  const engine = await declared();
  const { inputs } = engine.named("packit-writer");
  expect(inputs).toMatchObject({ start: false, mustRun: false, networkMode: "none" });
  expect(isSecret(inputs.uploads)).toBe(true);
  const [schedule, secrets] = unwrapped(inputs.uploads) as Record<string, string>[];
  expect(schedule).toMatchObject({
    file: "/etc/restorable/schedule.json",
    owner: "10002",
    group: "10003",
    permissions: "0400",
  });
  expect(secrets).toMatchObject({
    file: "/etc/restorable/secrets.json",
    owner: "10002",
    group: "10003",
    permissions: "0400",
  });
  const { plan } = schedulerFile.parse(JSON.parse(String(schedule?.content)));
  expect(plan.sources[0]).not.toHaveProperty("admin");
  expect(plan.quiesce).toBeUndefined();
  // What its jobs need: neither the administrator's password nor the prover's key.
  expect(Object.keys(JSON.parse(String(secrets?.content)).secrets).sort()).toEqual([
    "RESTORABLE_MONTAGU_FILES_PASSWORD",
    "RESTORABLE_MONTAGU_SIGNING_KEY",
    "RESTORABLE_PACKIT_PLAN_DB_PASSWORD",
  ]);
  const others = engine.resources.filter(({ name, type }) => type.startsWith("docker:") && name !== "packit-writer");
  for (const { inputs: given } of others) expect(JSON.stringify(given)).not.toContain("password-of-tests");
});

test("another host, image, network or content is another scheduler; another way to stop the application is not", async () => {
  const trigger = async (change: (args: BackupPlanArgs) => BackupPlanArgs) =>
    JSON.stringify((await declared(change)).named("packit-scheduler").replacementTrigger);
  const docker = (more: object) => (args: BackupPlanArgs) =>
    ({ ...args, target: { docker: { ...args.target.docker, ...more } } }) as BackupPlanArgs;
  const same = await trigger((args) => args);
  expect(same).toContain("ssh://backup@host.example.org");
  expect(await trigger(docker({ host: "ssh://other" }))).not.toBe(same);
  expect(await trigger(docker({ networkOf: "app_2" }))).not.toBe(same);
  expect(await trigger((args) => ({ ...args, runner: { image: "restorable-runner:1.1" } }))).not.toBe(same);
  expect(await trigger((args) => ({ ...args, quiesce: undefined }))).toBe(same);
});

test("everything on the host follows it", async () => {
  const engine = await declared();
  for (const name of ["packit-ledger", "packit-configuration"])
    expect(engine.named(name).replacementTrigger).toBe("ssh://backup@host.example.org");
});

test("another Docker provider is refused, in whichever option it is", async () => {
  await mockEngine();
  const provider = new docker.Provider("other", { host: "ssh://elsewhere" });
  const parent = new pulumi.ComponentResource("restorable:index:Parent", "parent", {}, { providers: [provider] });
  const args = dockerPlanArgs(aRepository());
  for (const opts of [{ provider }, { providers: [provider] }, { providers: { docker: provider } }, { parent }]) {
    expect(() => new BackupPlan("packit", args, opts)).toThrow(
      'BackupPlan "packit": opts.provider: another Docker provider',
    );
  }
});
