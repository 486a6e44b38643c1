import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { BackupPlan, Drill, type DrillArgs } from "../../components/index.ts";
import { drillJob, job as jobSchema, openJob } from "../../spec/index.ts";
import { aRepository, aStoredRepository, CREDENTIALS, clusterPlanArgs } from "./support/args.ts";
import { isSecret, known, mockEngine, type Registered, unwrapped } from "./support/mock-engine.ts";

const NAME = "restorable-backups-montagu-uat-rehearsal-drill";
const KEY = "AGE-SECRET-KEY-1OF-TESTS";

const drillArgs = (plan: BackupPlan): DrillArgs => ({
  of: { plan },
  target: {
    kubernetes: {
      namespace: pulumi.output("scratch"),
      kubeconfig: { content: pulumi.secret("kubeconfig-of-tests") },
      user: "10002:10003",
      memory: 512 * 1024 ** 2,
    },
  },
  runner: { image: pulumi.output("restorable-runner:1.0"), pullSecrets: ["pull"] },
  postgres: { image: pulumi.output("postgres:17") },
  schedule: { cron: "0 5 * * 7", timeZone: "Europe/Helsinki" },
  run: { deadlineHours: 3 },
  identity: pulumi.secret(KEY),
  checks: [{ name: "users", query: "SELECT count(*) > 0 FROM users" }],
});

const declared = async (change: (args: DrillArgs) => DrillArgs = (args) => args) => {
  const engine = await mockEngine();
  const roles = { writer: CREDENTIALS, reader: CREDENTIALS, pruner: CREDENTIALS, prover: CREDENTIALS };
  const plan = new BackupPlan("packit", clusterPlanArgs(aStoredRepository("montagu", roles), pulumi.output));
  const drill = new Drill("rehearsal", change(drillArgs(plan)));
  expect(await known(drill.cronJobName)).toBe(NAME);
  await engine.settled();
  const own = engine.resources.filter(({ parent }) => parent.endsWith("Drill::rehearsal"));
  return { ...engine, own };
};

const podOf = ({ inputs }: Registered) => {
  const { jobTemplate } = inputs.spec as { jobTemplate: { spec: { template: { spec: Record<string, unknown> } } } };
  return jobTemplate.spec.template.spec as {
    readonly volumes: readonly { readonly name: string }[];
    readonly initContainers: readonly Container[];
    readonly containers: readonly Container[];
  };
};
interface Container {
  readonly name: string;
  readonly securityContext: object;
  readonly env?: readonly object[];
  readonly volumeMounts: readonly { readonly name: string; readonly subPath?: string; readonly readOnly?: boolean }[];
}
const told = ({ inputs }: Registered) => {
  expect(isSecret(inputs.stringData)).toBe(true);
  const files = unwrapped(inputs.stringData) as Record<string, string>;
  return { files, job: jobSchema.parse(JSON.parse(String(files["job.json"]))) };
};

test("a drill declares its cluster, a CronJob, what its two containers are told, and a network policy", async () => {
  const { own, named } = await declared();
  expect(own.map(({ name, type }) => `${type} ${name}`).sort()).toEqual([
    "kubernetes:batch/v1:CronJob rehearsal-runs",
    "kubernetes:core/v1:Secret rehearsal-job",
    "kubernetes:core/v1:Secret rehearsal-key",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy rehearsal-network",
    "pulumi:providers:kubernetes rehearsal-cluster",
  ]);
  expect(named("rehearsal-runs").inputs).toMatchObject({
    metadata: { name: NAME, namespace: "scratch", labels: { "restorable.role": "drill" } },
    spec: {
      schedule: "0 5 * * 0",
      timeZone: "Europe/Helsinki",
      concurrencyPolicy: "Forbid",
      jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 3 * 3600 } },
    },
  });
});

test("a drill's pod: the key for drills is seen by the container that opens, and by no other", async () => {
  const { named } = await declared();
  const pod = podOf(named("rehearsal-runs"));
  expect(pod).toMatchObject({
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { fsGroup: 10003 },
    imagePullSecrets: [{ name: "pull" }],
  });
  expect(pod.volumes).toEqual([
    { name: "tmp", emptyDir: {} },
    { name: "key", secret: { secretName: `${NAME}-key`, defaultMode: 0o444 } },
    { name: "opened", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
    { name: "job", secret: { secretName: NAME, defaultMode: 0o444 } },
    { name: "scratch", emptyDir: {} },
    { name: "data", emptyDir: {} },
    { name: "socket", emptyDir: {} },
    { name: "server-tmp", emptyDir: {} },
  ]);
  const [open, postgres] = pod.initContainers as [Container, Container];
  const [runner] = pod.containers as [Container];
  const mounts = ({ volumeMounts }: Container) => volumeMounts.map(({ name }) => name);
  expect([open.name, ...mounts(open)]).toEqual(["open", "tmp", "key", "opened"]);
  expect([postgres.name, ...mounts(postgres)]).toEqual(["postgres", "data", "socket", "server-tmp", "opened"]);
  expect([runner.name, ...mounts(runner)]).toEqual(["runner", "tmp", "job", "opened", "scratch"]);
  expect(runner.volumeMounts.find(({ name }) => name === "opened")).toMatchObject({ readOnly: true });
  // Of what was opened, the server sees its own password.
  expect(postgres.volumeMounts.at(-1)).toMatchObject({ subPath: "server-password", readOnly: true });
  expect(postgres).toMatchObject({
    image: "postgres:17",
    restartPolicy: "Always",
    args: ["postgres", "-c", "listen_addresses=127.0.0.1"],
    startupProbe: { exec: { command: ["pg_isready", "--host=127.0.0.1", "--username=postgres"] } },
    securityContext: { runAsUser: 999 },
  });
  for (const { securityContext } of [open, postgres, runner]) {
    expect(securityContext).toMatchObject({
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
  }
});

test("each of its containers is told its job, and has the secrets of that one and no other", async () => {
  const { own, named } = await declared();
  const [key, job] = [told(named("rehearsal-key")), told(named("rehearsal-job"))];
  const secrets = (files: Readonly<Record<string, string>>) =>
    Object.keys(files).flatMap((name) => (name.startsWith("secret-") ? [name.slice("secret-".length)] : []));
  const reader = ["RESTORABLE_MONTAGU_READER_ACCESS_KEY_ID", "RESTORABLE_MONTAGU_READER_SECRET_ACCESS_KEY"];
  const prover = ["RESTORABLE_MONTAGU_PROVER_ACCESS_KEY_ID", "RESTORABLE_MONTAGU_PROVER_SECRET_ACCESS_KEY"];
  expect(secrets(key.files).sort()).toEqual(["RESTORABLE_DRILL_IDENTITY", ...reader]);
  expect(secrets(job.files).sort()).toEqual([...prover, "RESTORABLE_MONTAGU_PROVER_KEY", ...reader].sort());
  expect(openJob.parse(key.job)).toMatchObject({ plan: "packit-plan", point: "latest" });
  const drilling = drillJob.parse(job.job);
  expect(drilling).toMatchObject({
    plan: "packit-plan",
    identity: { kind: "file", path: openJob.parse(key.job).into },
    scratch: { postgres: { host: "127.0.0.1" }, directory: "/scratch" },
    schedule: { kind: "cron", cron: "0 5 * * 7", timeZone: "Europe/Helsinki" },
    checks: [{ name: "users" }],
    record: true,
  });
  expect(drilling.point).toBeUndefined();
  expect(JSON.stringify(job.files)).not.toContain(KEY);
  const others = own.filter(({ type }) => type.startsWith("kubernetes:") && !type.endsWith(":Secret"));
  for (const { inputs } of others) {
    expect(JSON.stringify(inputs)).not.toMatch(/AGE-SECRET|of-tests/);
    expect(JSON.stringify(inputs)).not.toContain("4dabf18193072939515e22adb298388d");
  }
});

test("its pods reach names and the store, and nobody reaches them", async () => {
  const { named } = await declared();
  const { egress, ingress } = (named("rehearsal-network").inputs.spec ?? {}) as {
    readonly egress: readonly { readonly ports: readonly { readonly port: number }[] }[];
    readonly ingress: readonly object[];
  };
  expect(ingress).toEqual([]);
  expect(egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([53, 53, 9000]);
});

test("volumes of a storage class, for what does not fit on a node; without databases there is no server", async () => {
  const { named } = await declared((args) => ({ ...args, storage: { size: "10Gi", storageClass: "fast" } }));
  const template = { spec: { storageClassName: "fast", resources: { requests: { storage: "10Gi" } } } };
  const { volumes } = podOf(named("rehearsal-runs"));
  expect(volumes.filter(({ name }) => name === "scratch" || name === "data")).toMatchObject([
    { name: "scratch", ephemeral: { volumeClaimTemplate: template } },
    { name: "data", ephemeral: { volumeClaimTemplate: template } },
  ]);
  const files = await declared(({ postgres: _, ...args }) => args);
  expect(podOf(files.named("rehearsal-runs")).initContainers.map(({ name }) => name)).toEqual(["open"]);
  expect(drillJob.parse(told(files.named("rehearsal-job")).job).scratch.postgres).toBeUndefined();
});

test.each<[string, (args: DrillArgs) => object]>([
  ["of: expected exactly one of plan, stored", (args) => ({ ...args, of: {} })],
  ["identity: expected an age private key", (args) => ({ ...args, identity: "age1public" })],
  ["schedule.timeZone", (args) => ({ ...args, schedule: { cron: "@daily" } })],
  ["target.kubernetes.namespace", (args) => ({ ...args, target: { kubernetes: { namespace: "NOT" } } })],
  ["storage.size: expected a size", (args) => ({ ...args, storage: { size: "much" } })],
  ["checks[0].query", (args) => ({ ...args, checks: [{ name: "x" }] })],
])("refused at preview: %s", async (said, change) => {
  await mockEngine();
  const args = drillArgs(new BackupPlan("packit", clusterPlanArgs(aStoredRepository())));
  expect(() => new Drill("rehearsal", change(args) as DrillArgs)).toThrow(`Drill "rehearsal": ${said}`);
});

test("a repository in a directory is refused: a pod has none", async () => {
  await mockEngine();
  const { of: _, ...args } = drillArgs(new BackupPlan("packit", clusterPlanArgs(aStoredRepository())));
  const stored = { repository: aRepository("other"), plan: "packit" };
  expect(() => new Drill("rehearsal", { ...args, of: { stored } })).toThrow(
    'Drill "rehearsal": of: lies in a directory',
  );
});
