import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { BackupPlan, type BackupPlanArgs } from "../../components/index.ts";
import { plan as planSchema, schedulerFile } from "../../spec/index.ts";
import { aRepository, aStoredRepository, clusterPlanArgs } from "./support/args.ts";
import { isSecret, known, mockEngine, type Registered, unwrapped } from "./support/mock-engine.ts";

type Change = (args: BackupPlanArgs) => BackupPlanArgs;
const NAME = "restorable-backups-montagu-uat-packit-plan";

/** What a plan declares in its cluster. */
const declared = async (change: Change = (args) => args, opts?: pulumi.ComponentResourceOptions) => {
  const engine = await mockEngine();
  const plan = new BackupPlan("packit", change(clusterPlanArgs(aStoredRepository(), pulumi.output)), opts);
  const spec = await known(plan.spec);
  await engine.settled();
  return { ...engine, plan, spec };
};
const children = (resources: readonly Registered[]) =>
  resources
    .filter(({ parent }) => parent.endsWith("BackupPlan::packit"))
    .map(({ name, type }) => `${type} ${name}`)
    .sort();
/** Kubernetes' own fields of a resource. */
const object = (resource: Registered) =>
  resource.inputs as { readonly metadata: Record<string, unknown>; readonly spec: Record<string, unknown> };

test("a plan in a cluster resolves to the contract's specification", async () => {
  const { spec } = await declared();
  expect(planSchema.parse(spec)).toEqual(spec);
  expect(spec.target).toEqual({
    kind: "kubernetes",
    namespace: "chipster",
    kubeconfig: { kind: "env", name: "RESTORABLE_PACKIT_PLAN_KUBECONFIG" },
    context: "uat",
    image: "restorable-runner:1.0",
    imagePullSecrets: ["pull"],
    ledger: "ledger-of-tests",
    user: "10002:10003",
    memory: 512 * 1024 ** 2,
    cpu: 1.5,
    certificates: [{ path: "/ca.pem", from: "configMap", name: "db-ca", key: "ca.crt" }],
    run: "cronJob",
  });
  expect(spec.sources[1]).toMatchObject({
    directory: "/sources/storage/files",
    mount: { kind: "claim", name: "storage-0", beside: { app: "file-storage" } },
  });
  expect(spec.sources[2]).toMatchObject({
    directory: expect.stringMatching(/^\/sources\/[^/]+\/\.\.data$/),
    mount: { kind: "secret", name: "passwords" },
  });
  expect(spec.quiesce?.units).toEqual([
    { kind: "workload", resource: "Deployment", name: "web" },
    { kind: "workload", resource: "StatefulSet", name: "auth" },
  ]);
});

test("a cluster has defaults: the ambient kubeconfig, an ordinary user, a ledger named after project, stack and plan", async () => {
  const { spec, named } = await declared((args) => ({
    ...args,
    target: { kubernetes: { namespace: "chipster", certificates: args.target.kubernetes?.certificates } },
    run: undefined,
  }));
  expect(spec.target).toMatchObject({ ledger: `${NAME}-ledger`, user: "10001:10001", cpu: 2, run: "cronJob" });
  expect(spec.target).toHaveProperty("kubeconfig", undefined);
  expect(object(named("packit-ledger")).spec).toEqual({
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "2Gi" } },
  });
  const file = (args: BackupPlanArgs): BackupPlanArgs => ({
    ...args,
    target: { kubernetes: { ...args.target.kubernetes, namespace: "chipster", kubeconfig: { file: "/cluster.conf" } } },
  });
  const other = await declared(file);
  expect(other.spec.target).toHaveProperty("kubeconfig", { kind: "file", path: "/cluster.conf" });
  expect(other.named("packit-cluster").inputs.kubeconfig).toBe("/cluster.conf");
});

test("a plan with a schedule declares its cluster's provider, its ledger, its configuration, and what runs it", async () => {
  const engine = await declared();
  expect(children(engine.resources)).toEqual([
    "kubernetes:batch/v1:CronJob packit-runs",
    "kubernetes:core/v1:PersistentVolumeClaim packit-ledger",
    "kubernetes:core/v1:Secret packit-configuration",
    "kubernetes:core/v1:ServiceAccount packit-account",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy packit-network",
    "pulumi:providers:kubernetes packit-cluster",
  ]);
  const { kubeconfig, context } = engine.named("packit-cluster").inputs;
  expect(isSecret(kubeconfig)).toBe(true);
  expect([unwrapped(kubeconfig), context]).toEqual(["kubeconfig-of-tests", "uat"]);
  const kept = engine.resources.filter(({ retainOnDelete, type }) => retainOnDelete && type.startsWith("kubernetes:"));
  expect(kept.map(({ name }) => name)).toEqual(["packit-ledger"]);
});

test("a plan without a schedule declares its ledger and nothing that runs", async () => {
  const engine = await declared((args) => ({ ...args, schedule: { none: {} }, run: undefined }));
  expect(children(engine.resources)).toEqual([
    "kubernetes:core/v1:PersistentVolumeClaim packit-ledger",
    "pulumi:providers:kubernetes packit-cluster",
  ]);
});

test("a CronJob: the plan's clock, one run at a time, never again what failed; a pod without rights, confined", async () => {
  const { named } = await declared();
  const { metadata, spec } = object(named("packit-runs"));
  const labels = {
    "restorable.project": "backups",
    "restorable.stack": "montagu-uat",
    "restorable.plan": "packit-plan",
    "restorable.role": "scheduler",
  };
  expect(metadata).toEqual({ name: NAME, namespace: "chipster", labels });
  expect(spec).toMatchObject({
    // For Kubernetes a week has no day 7.
    schedule: "0 2 * * 1,2,3,4,5,6,0",
    timeZone: "Europe/Helsinki",
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: 3 * 3600,
    jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 12 * 3600 } },
  });
  const { template } = (spec.jobTemplate as { spec: { template: { metadata: object; spec: object } } }).spec;
  expect(template.metadata).toEqual({
    labels,
    annotations: { [`restorable.configuration/${NAME}`]: expect.stringMatching(/^[0-9a-f]{16}$/) },
  });
  expect(template.spec).toEqual({
    restartPolicy: "Never",
    serviceAccountName: NAME,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 60,
    imagePullSecrets: [{ name: "pull" }],
    affinity: expect.objectContaining({ podAffinity: expect.anything() }),
    volumes: [
      { name: "config", secret: { secretName: NAME, defaultMode: 0o444 } },
      { name: "tmp", emptyDir: {} },
      { name: "source-1", persistentVolumeClaim: { claimName: "storage-0", readOnly: true } },
      { name: "source-2", secret: { secretName: "passwords", defaultMode: 0o444 } },
      { name: "ca-0", configMap: { name: "db-ca", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    ],
    containers: [
      {
        name: "runner",
        image: "restorable-runner:1.0",
        args: ["once"],
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 10002,
          runAsGroup: 10003,
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
          seccompProfile: { type: "RuntimeDefault" },
        },
        resources: {
          requests: { memory: "268435456", cpu: "100m" },
          limits: { memory: "536870912", cpu: "1500m" },
        },
        terminationMessagePolicy: "FallbackToLogsOnError",
        volumeMounts: [
          { name: "config", mountPath: "/etc/restorable", readOnly: true },
          { name: "tmp", mountPath: "/tmp" },
          { name: "source-1", mountPath: "/sources/storage", readOnly: true },
          { name: "source-2", mountPath: "/sources/passwords", readOnly: true },
          { name: "ca-0", mountPath: "/ca.pem", subPath: "ca.crt", readOnly: true },
        ],
      },
    ],
  });
  expect(named("packit-account").inputs.automountServiceAccountToken).toBe(false);
});

test("its pods reach names, the database and the store, and nobody reaches them", async () => {
  const { named } = await declared();
  expect(object(named("packit-network")).spec).toMatchObject({
    podSelector: { matchLabels: { "restorable.plan": "packit-plan", "restorable.role": "scheduler" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [],
    egress: [
      {
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
        ],
      },
      { ports: [{ protocol: "TCP", port: 5433 }] },
      { ports: [{ protocol: "TCP", port: 9000 }] },
    ],
  });
});

test("what its runs are told is one Secret: only what they need, secret as a whole, and in nothing else", async () => {
  const engine = await declared();
  const { inputs } = engine.named("packit-configuration");
  expect(isSecret(inputs.stringData)).toBe(true);
  const files = unwrapped(inputs.stringData) as Record<string, string>;
  expect(Object.keys(files).sort()).toEqual(["schedule.json", "secrets.json"]);
  const { plan } = schedulerFile.parse(JSON.parse(String(files["schedule.json"])));
  expect(plan.sources[0]).not.toHaveProperty("admin");
  expect(plan.quiesce).toBeUndefined();
  expect(plan.target).not.toHaveProperty("kubeconfig");
  // Neither the administrator's password nor the prover's key, nor how the operator reaches the cluster.
  expect(Object.keys(JSON.parse(String(files["secrets.json"])).secrets).sort()).toEqual([
    "RESTORABLE_MONTAGU_FILES_PASSWORD",
    "RESTORABLE_MONTAGU_SIGNING_KEY",
    "RESTORABLE_MONTAGU_WRITER_ACCESS_KEY_ID",
    "RESTORABLE_MONTAGU_WRITER_SECRET_ACCESS_KEY",
    "RESTORABLE_PACKIT_PLAN_DB_PASSWORD",
  ]);
  const others = engine.resources.filter(
    ({ name, type }) => type.startsWith("kubernetes:") && name !== "packit-configuration",
  );
  for (const { inputs: given } of others) {
    expect(JSON.stringify(given)).not.toMatch(/password-of-tests|kubeconfig-of-tests|secret-of-tests/);
    expect(JSON.stringify(given)).not.toContain("4dabf18193072939515e22adb298388d");
  }
});

test("another secret or image is another CronJob; another way to stop the application is not", async () => {
  const runs = async (change: Change) => JSON.stringify((await declared(change)).named("packit-runs").inputs);
  const same = await runs((args) => args);
  const [db, ...others] = clusterPlanArgs(aStoredRepository()).sources;
  const sources = [{ postgres: { ...db?.postgres, password: "another" } }, ...others];
  expect(await runs((args) => ({ ...args, sources }) as BackupPlanArgs)).not.toBe(same);
  expect(await runs((args) => ({ ...args, runner: { image: "restorable-runner:1.1" } }))).not.toBe(same);
  expect(await runs((args) => ({ ...args, quiesce: undefined }))).toBe(same);
});

test("a sidecar is plain data for the caller's pod; only its Secret is declared", async () => {
  const { resources, plan } = await declared((args) => ({ ...args, run: { sidecar: {} } }));
  expect(children(resources)).toEqual([
    "kubernetes:core/v1:PersistentVolumeClaim packit-ledger",
    "kubernetes:core/v1:Secret packit-configuration",
    "pulumi:providers:kubernetes packit-cluster",
  ]);
  const { container, volumes, annotations } = await known(plan.sidecar);
  expect(container).toMatchObject({
    name: NAME,
    args: ["schedule"],
    livenessProbe: { exec: { command: ["restorable-runner", "alive"] } },
    volumeMounts: [
      { name: `${NAME}-config`, mountPath: "/etc/restorable", readOnly: true },
      { name: `${NAME}-tmp`, mountPath: "/tmp" },
      { name: `${NAME}-source-1`, mountPath: "/sources/storage", readOnly: true },
      { name: `${NAME}-source-2`, mountPath: "/sources/passwords", readOnly: true },
      { name: `${NAME}-ca-0`, mountPath: "/ca.pem" },
    ],
  });
  // A failed backup must not take the application's pod out of its service.
  expect(container).not.toHaveProperty("readinessProbe");
  expect(volumes.map(({ name }) => name)).toEqual(
    ["config", "tmp", "source-1", "source-2", "ca-0"].map((name) => `${NAME}-${name}`),
  );
  const shared = await declared((args) => ({ ...args, run: { sidecar: { volumes: { "storage-0": "storage" } } } }));
  const { container: sharing, volumes: others } = await known(shared.plan.sidecar);
  expect(sharing).toHaveProperty("volumeMounts.2", { name: "storage", mountPath: "/sources/storage", readOnly: true });
  expect(JSON.stringify(others)).not.toContain("storage-0");
  expect(annotations[`restorable.configuration/${NAME}`]).toMatch(/^[0-9a-f]{16}$/);
});

test("a plan that something else runs has no sidecar, and says so", async () => {
  const { plan } = await declared();
  expect(() => plan.sidecar).toThrow('BackupPlan "packit-plan": sidecar: needs `run: { sidecar: {} }`');
});

test("another Kubernetes provider is refused, in whichever option it is", async () => {
  await mockEngine();
  const provider = new Provider("other", { context: "elsewhere" });
  const args = clusterPlanArgs(aStoredRepository());
  for (const opts of [{ provider }, { providers: [provider] }, { providers: { kubernetes: provider } }]) {
    expect(() => new BackupPlan("packit", args, opts)).toThrow(
      'BackupPlan "packit": opts.provider: another Kubernetes provider',
    );
  }
});

test("a repository in a directory is refused: a pod has none", async () => {
  await mockEngine();
  const args = clusterPlanArgs(aStoredRepository());
  expect(() => new BackupPlan("packit", { ...args, repository: aRepository("other") })).toThrow(
    'BackupPlan "packit": repository: lies in a directory, which a pod does not have',
  );
});

test("a database on the pod's own localhost is refused: restores have pods of their own", async () => {
  await mockEngine();
  const args = clusterPlanArgs(aStoredRepository());
  const [db, ...others] = args.sources;
  const sources = [{ postgres: { ...db?.postgres, host: "localhost" } }, ...others] as BackupPlanArgs["sources"];
  expect(() => new BackupPlan("packit", { ...args, sources })).toThrow(
    'BackupPlan "packit": sources[0].postgres.host: is the pod of the job itself; name the service of the database',
  );
});

test("a sidecar without a schedule is refused, and one with seconds is taken", async () => {
  await mockEngine();
  const args = { ...clusterPlanArgs(aStoredRepository()), run: { sidecar: {} } };
  expect(() => new BackupPlan("packit", { ...args, schedule: { none: {} } })).toThrow(
    'BackupPlan "packit": run.sidecar: is of no use without a schedule',
  );
  expect(
    () => new BackupPlan("other", { ...args, schedule: { cron: "*/5 * * * * *", timeZone: "UTC" } }),
  ).not.toThrow();
});
