import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { BackupPlan, type BackupPlanArgs } from "../../components/index.ts";
import { aRepository, aStoredRepository, clusterPlanArgs, dockerPlanArgs, planArgs } from "./support/args.ts";
import { mockEngine } from "./support/mock-engine.ts";

/** Each field wrong once: what is set, and the one line that must come. */
const WRONG: readonly (readonly [string, unknown, string])[] = [
  ["target", undefined, "target: is missing; expected"],
  ["target.cloud", {}, "target: unknown key 'cloud'"],
  [
    "target.docker",
    { network: "app" },
    "target: expected exactly one of local, docker, kubernetes; received local and docker",
  ],
  ["target.local.ledger", "relative", "target.local.ledger: expected an absolute path other than '/'"],
  ["target.local.scratch", 5, "target.local.scratch: expected string, received number"],
  ["target.local.ledgers", "/x", "target.local: unknown key 'ledgers'"],
  ["sources", [], "sources: expected at least one source"],
  ["sources", "db", "sources: expected array, received string"],
  ["sources.0", {}, "sources[0]: expected exactly one of postgres, files, objects; received none of them"],
  [
    "sources.0.files",
    { directory: "/x" },
    "sources[0]: expected exactly one of postgres, files, objects; received postgres and files",
  ],
  ["sources.0.mysql", {}, "sources[0]: unknown key 'mysql'"],
  ["sources.0.postgres.name", "DB!", "sources[0].postgres.name: expected 1 to 63 characters"],
  ["sources.0.postgres.host", "", "sources[0].postgres.host: expected some text"],
  ["sources.0.postgres.host", undefined, "sources[0].postgres.host: is missing; expected string"],
  ["sources.0.postgres.port", "5432", "sources[0].postgres.port: expected number, received string"],
  ["sources.0.postgres.port", 70000, "sources[0].postgres.port: expected number to be <=65535"],
  [
    "sources.0.postgres.database",
    "x".repeat(64),
    "sources[0].postgres.database: PostgreSQL names have at most 63 bytes",
  ],
  ["sources.0.postgres.user", 1, "sources[0].postgres.user: expected string, received number"],
  ["sources.0.postgres.password", 1, "sources[0].postgres.password: expected string, received number"],
  ["sources.0.postgres.admin", "postgres", "sources[0].postgres.admin: expected object, received string"],
  ["sources.0.postgres.admin.user", undefined, "sources[0].postgres.admin.user: is missing; expected string"],
  ["sources.0.postgres.admin.password", 1, "sources[0].postgres.admin.password: expected string, received number"],
  ["sources.0.postgres.tls", "require", "sources[0].postgres.tls: expected object, received string"],
  ["sources.0.postgres.tls.require", {}, "sources[0].postgres.tls: expected exactly one of"],
  ["sources.0.postgres.tls.verifyFull.ca", 1, "sources[0].postgres.tls.verifyFull.ca: expected string"],
  [
    "sources.0.postgres.countFromStreamAbove",
    -1,
    "sources[0].postgres.countFromStreamAbove: expected number to be >=0",
  ],
  ["sources.0.postgres.maxSnapshotHours", 0, "sources[0].postgres.maxSnapshotHours: expected number to be >0"],
  ["sources.0.postgres.allowEmpty", "yes", "sources[0].postgres.allowEmpty: expected boolean, received string"],
  [
    "sources.0.postgres.container",
    { name: "db_1", volume: "data" },
    "sources[0].postgres.container: needs target docker",
  ],
  ["sources.0.postgres.restoreJobs", 1.5, "sources[0].postgres.restoreJobs: expected int, received number"],
  ["sources.1.files.name", "db", "sources[1].files.name: another source has the name 'db'"],
  ["sources.1.files.directory", undefined, "sources[1].files: expected exactly one of directory, volume, hostPath"],
  [
    "sources.1.files.volume",
    "v",
    "sources[1].files: expected exactly one of directory, volume, hostPath, claim, secret; received",
  ],
  [
    "sources.1.files",
    { volume: "v" },
    "sources[1].files.volume: needs target docker; with target local name a directory",
  ],
  ["sources.1.files", { hostPath: "/v" }, "sources[1].files.hostPath: needs target docker"],
  ["sources.1.files.subdirectory", "v", "sources[1].files.subdirectory: needs target docker"],
  [
    "sources.1.files",
    { claim: "v" },
    "sources[1].files.claim: needs target kubernetes; with target local name a directory",
  ],
  ["sources.1.files", { secret: "v" }, "sources[1].files.secret: needs target kubernetes"],
  ["sources.1.files.beside", { app: "a" }, "sources[1].files.beside: needs a claim"],
  ["runner", { image: "restorable-runner:1.0" }, "runner: is of no use with target local"],
  ["run", { cronJob: {} }, "run: needs target kubernetes"],
  ["sources.1.files.directory", "data", "sources[1].files.directory: expected an absolute path other than '/'"],
  ["sources.1.files.exclude", "tmp", "sources[1].files.exclude: expected array, received string"],
  ["sources.1.files.exclude.0", 7, "sources[1].files.exclude[0]: expected string, received number"],
  ["sources.1.files.allowEmpty", 1, "sources[1].files.allowEmpty: expected boolean, received number"],
  ["sources.1.files.path", "/x", "sources[1].files: unknown key 'path'"],
  ["repository", { directory: "/x" }, "repository: expected a Repository"],
  ["schedule", "@daily", "schedule: expected object, received string"],
  ["schedule.cron", "99 * * * *", "schedule.cron: "],
  ["schedule.cron", undefined, "schedule.cron: is missing"],
  ["schedule.timeZone", undefined, "schedule.timeZone: is missing; expected an IANA time zone"],
  ["schedule.timeZone", "Mars/Olympus", "schedule.timeZone: expected an IANA time zone"],
  ["schedule.jitterSeconds", 3601, "schedule.jitterSeconds: expected number to be <=3600"],
  ["schedule", { jitterSeconds: 5, none: {} }, "schedule: expected either cron with timeZone, or none"],
  ["schedule.none", {}, "schedule: expected either cron with timeZone, or none"],
  ["retention", {}, "retention: name at least one keep rule"],
  ["retention.keepDaily", "14", "retention.keepDaily: expected number, received string"],
  ["retention.keepDayly", 1, "retention: unknown key 'keepDayly'"],
  ["retention.minimum", 0, "retention.minimum: expected number to be >=1"],
  ["retention.keepWithin", "30 days", "retention.keepWithin: expected a duration like P30D"],
  ["recipients", [], "recipients: expected at least one age recipient"],
  ["recipients.1", "age1short", "recipients[1]: expected an age recipient"],
  ["quiesce.stop", ["stop"], "quiesce.stop[0]: expected array, received string"],
  ["quiesce.stop.0", [], "quiesce.stop[0]: expected a program and its arguments"],
  ["quiesce.start.0.0", 1, "quiesce.start[0][0]: expected string, received number"],
  ["quiesce.probe", [], "quiesce.probe: expected a program and its arguments"],
  ["quiesce.timeoutSeconds", 0, "quiesce.timeoutSeconds: expected number to be >0"],
  ["quiesce.quietSeconds", -1, "quiesce.quietSeconds: expected number to be >=0"],
  ["quiesce.units", [{ container: "app" }], "quiesce.units: needs target docker"],
  ["quiesce.probes", [{ http: "http://localhost" }], "quiesce.probes: needs target docker"],
  ["quiesce.restart", [], "quiesce: unknown key 'restart'"],
  ["hooks.afterRestore.0", "scrub", "hooks.afterRestore[0]: expected array, received string"],
  ["protected", "yes", "protected: expected boolean, received string"],
  ["superseded", { days: 28, keep: 1 }, "superseded: expected exactly one of days, keep"],
  ["superseded.days", 3, "superseded.days: expected number to be >=14"],
  ["shrinkBelow", 80, "shrinkBelow: expected number to be <=1"],
  ["leaseSeconds", "90", "leaseSeconds: expected number, received string"],
  ["name", "Packit", "name: expected 1 to 63 characters"],
  ["retentions", {}, "unknown key 'retentions'"],
];

/** The same for a plan on a Docker host. */
const WRONG_ON_DOCKER: readonly (readonly [string, unknown, string])[] = [
  [
    "target.docker.network",
    "app",
    "target.docker: expected exactly one of network, networkOf; received network and networkOf",
  ],
  [
    "target.docker.networkOf",
    undefined,
    "target.docker: expected exactly one of network, networkOf; received none of them",
  ],
  ["target.docker.networkOf", "-app", "target.docker.networkOf: expected a Docker name"],
  ["target.docker.host", "host.example.org", "target.docker.host: expected unix:///…, tcp://… or ssh://…"],
  ["target.docker.user", "root", "target.docker.user: expected <uid>:<gid> in numbers"],
  ["target.docker.memory", "1g", "target.docker.memory: expected number, received string"],
  ["target.docker.ledger", "a/b", "target.docker.ledger: expected a Docker name"],
  ["target.docker.networks", [], "target.docker: unknown key 'networks'"],
  ["runner", undefined, "runner: is missing; target docker needs { image }"],
  ["runner.image", "", "runner.image: expected some text"],
  ["runner.pullSecrets", ["pull"], "runner.pullSecrets: needs target kubernetes"],
  ["run", { sidecar: {} }, "run: needs target kubernetes"],
  ["quiesce.units.3", { deployment: "app" }, "quiesce.units[3].deployment: needs target kubernetes"],
  ["runner.tag", "1.0", "runner: unknown key 'tag'"],
  [
    "sources.0.postgres.container",
    { name: "db_1" },
    "sources[0].postgres.container.volume: is missing; expected string",
  ],
  ["sources.1.files", { directory: "/data" }, "sources[1].files.directory: is of no use in containers"],
  ["sources.1.files.volume", "a/b", "sources[1].files.volume: expected a Docker name"],
  ["sources.2.files.hostPath", "data", "sources[2].files.hostPath: expected an absolute path"],
  ["sources.2.files.subdirectory", "/now", "sources[2].files.subdirectory: expected a relative path"],
  ["sources.2.files.subdirectory", "now/../..", "sources[2].files.subdirectory: must not hold '.' or '..'"],
  [
    "quiesce.units.0",
    {},
    "quiesce.units[0]: expected exactly one of container, compose, exec, host, deployment, statefulSet; received none of them",
  ],
  ["quiesce.units.0.container", "app", "quiesce.units[0]: expected exactly one of"],
  ["quiesce.units.0.host.start", undefined, "quiesce.units[0].host.start: is missing; expected array"],
  ["quiesce.units.1.compose.project", undefined, "quiesce.units[1].compose.project: is missing; expected string"],
  ["quiesce.units.1.compose.keep", "postgres", "quiesce.units[1].compose.keep: expected array, received string"],
  ["quiesce.units.2.exec.stop", [], "quiesce.units[2].exec.stop: expected a program and its arguments"],
  ["quiesce.units.2.exec.stopped", "true", "quiesce.units[2].exec.stopped: expected array, received string"],
  ["quiesce.units.3.container", 1, "quiesce.units[3].container: expected string, received number"],
  ["quiesce.probes.0.http", "host:8080", "quiesce.probes[0].http: "],
  ["quiesce.probes.1.exec.argv", undefined, "quiesce.probes[1].exec.argv: is missing; expected array"],
  ["quiesce.probes.1.tcp", 5432, "quiesce.probes[1]: unknown key 'tcp'"],
];

/** The same for a plan in a cluster. */
const WRONG_IN_CLUSTER: readonly (readonly [string, unknown, string])[] = [
  ["target.kubernetes.namespace", undefined, "target.kubernetes.namespace: is missing; expected string"],
  ["target.kubernetes.namespace", "Chipster", "target.kubernetes.namespace: expected at most 63 lower-case letters"],
  [
    "target.kubernetes.kubeconfig",
    { content: "a", file: "b" },
    "target.kubernetes.kubeconfig: expected exactly one of content, file; received content and file",
  ],
  ["target.kubernetes.kubeconfig", "a", "target.kubernetes.kubeconfig: expected object, received string"],
  ["target.kubernetes.user", "root", "target.kubernetes.user: expected <uid>:<gid> in numbers"],
  ["target.kubernetes.cpu", 0, "target.kubernetes.cpu: expected number to be >=0.1"],
  ["target.kubernetes.ledger", "ledger", "target.kubernetes.ledger: expected object, received string"],
  ["target.kubernetes.ledger.size", "2 GB", "target.kubernetes.ledger.size: expected a size such as 10Gi"],
  ["target.kubernetes.certificates.0.secret", { name: "a", key: "b" }, "target.kubernetes.certificates[0]: expected"],
  [
    "target.kubernetes.certificates.0.configMap.key",
    "a/b",
    "target.kubernetes.certificates[0].configMap.key: expected",
  ],
  ["target.kubernetes.cluster", "a", "target.kubernetes: unknown key 'cluster'"],
  ["runner", undefined, "runner: is missing; target kubernetes needs { image }"],
  ["runner.pullSecrets.0", "A", "runner.pullSecrets[0]: expected a Kubernetes name"],
  ["run", {}, "run: expected exactly one of cronJob, sidecar; received none of them"],
  ["run.cronJob.deadlineHours", 0, "run.cronJob.deadlineHours: expected number to be >=1"],
  [
    "schedule.cron",
    "30 0 2 * * *",
    "schedule.cron: seconds '30' cannot run on this scheduler, which has minutes at best; use 0, or",
  ],
  [
    "sources.0.postgres.container",
    { name: "db_1", volume: "data" },
    "sources[0].postgres.container: needs target docker",
  ],
  [
    "sources.1.files",
    { volume: "v" },
    "sources[1].files.volume: needs target docker; with target kubernetes name a claim or a secret",
  ],
  ["sources.1.files", { directory: "/v" }, "sources[1].files.directory: is of no use in containers"],
  ["sources.1.files.claim", "A", "sources[1].files.claim: expected a Kubernetes name"],
  ["sources.1.files", { secret: "s", subdirectory: "a" }, "sources[1].files.subdirectory: is of no use with a secret"],
  ["sources.1.files", { secret: "S" }, "sources[1].files.secret: expected a Kubernetes name"],
  ["sources.1.files.beside", "app", "sources[1].files.beside: expected record, received string"],
  ["quiesce.units.0", { container: "app" }, "quiesce.units[0].container: needs target docker"],
  ["quiesce.units.0.deployment", "A", "quiesce.units[0].deployment: expected a Kubernetes name"],
  ["quiesce.probes.0", { exec: { container: "app", argv: ["a"] } }, "quiesce.probes[0].exec: needs target docker"],
  ["quiesce.probes.1.deployment.name", "A", "quiesce.probes[1].deployment.name: expected a Kubernetes name"],
];

const withWrong = (args: BackupPlanArgs, path: string, value: unknown): BackupPlanArgs => {
  const set = (node: unknown, [key, ...rest]: readonly string[]): unknown => {
    if (key === undefined) return value;
    if (Array.isArray(node)) return node.map((item, index) => (String(index) === key ? set(item, rest) : item));
    const object = node as Record<string, unknown>;
    return { ...object, [key]: set(object[key], rest) };
  };
  // An Output is a leaf: nothing below it is set.
  return set(args, path.split(".")) as BackupPlanArgs;
};

test.each([
  ...WRONG.map((row) => ["local", ...row] as const),
  ...WRONG_ON_DOCKER.map((row) => ["docker", ...row] as const),
  ...WRONG_IN_CLUSTER.map((row) => ["kubernetes", ...row] as const),
])(
  "[beyond.8] target %s: %s wrong: one line that names its path, nothing declared",
  async (target, path, value, line) => {
    const right = { local: planArgs, docker: dockerPlanArgs, kubernetes: clusterPlanArgs }[target];
    const engine = await mockEngine();
    const repository = target === "kubernetes" ? aStoredRepository() : aRepository();
    for (const wrap of [<T>(leaf: T) => leaf, pulumi.output]) {
      const args = withWrong(right(repository, wrap as <T>(leaf: T) => pulumi.Input<T>), path, value);
      const error = refusal(() => new BackupPlan("packit", args));
      expect(pulumi.RunError.isInstance(error)).toBe(true);
      expect(error.message.split("\n")).toHaveLength(1);
      expect(error.message.startsWith(`BackupPlan "packit": ${line}`), error.message).toBe(true);
    }
    await engine.settled();
    expect(engine.resources.filter(({ type }) => type.endsWith("BackupPlan"))).toEqual([]);
  },
);

test("an Output where structure belongs is refused by name", async () => {
  await mockEngine();
  const args = { ...planArgs(aRepository()), sources: pulumi.output([]) } as never;
  expect(refusal(() => new BackupPlan("packit", args)).message).toBe(
    'BackupPlan "packit": sources: expected array, received an Output; only single values may be Outputs, because the structure decides what is declared',
  );
});

test("two sources whose secrets would have one name are refused", async () => {
  await mockEngine();
  const login = { host: "h", database: "d", user: "u", password: "p" };
  const args = {
    ...planArgs(aRepository()),
    sources: [{ postgres: { ...login, name: "a-b" } }, { postgres: { ...login, name: "a_b" } }],
  };
  // The two names differ, but no environment variable can tell them apart.
  expect(refusal(() => new BackupPlan("packit", args)).message).toContain("RESTORABLE_PACKIT_PLAN_A_B_PASSWORD");
});

const refusal = (build: () => unknown): Error => {
  try {
    build();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was accepted");
};
