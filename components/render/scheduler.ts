import {
  caFiles,
  type DockerTarget,
  neededSecrets,
  type Plan,
  placesOf,
  SCHEDULE_FILE,
  SCHEDULER_MOUNT,
  SECRETS_FILE,
  type SecretsFile,
  scheduledJobs,
  sourceMount,
} from "../../spec/index.ts";

const MIB = 1024 ** 2;

/** A plan on a Docker host. */
export type DockerPlan = Plan & { readonly target: DockerTarget };

/**
 * What a scheduler is told of a plan: without what only a restore needs, so that it neither has an administrator's
 * password nor is replaced when the application's stopping changes.
 */
export const scheduledPlan = ({ quiesce: _quiesce, hooks: _hooks, ...plan }: Plan): Plan => ({
  ...plan,
  sources: plan.sources.map((source) => {
    if (source.kind !== "postgres") return source;
    const { admin: _admin, ...rest } = source;
    return rest;
  }),
});

/** The values that the jobs of a scheduler need, and no other. */
export const schedulerSecrets = (plan: Plan, values: Readonly<Record<string, string>>): SecretsFile => {
  const names = new Set(
    scheduledJobs(plan)
      .flatMap(neededSecrets)
      .flatMap((ref) => (ref.kind === "env" ? [ref.name] : [])),
  );
  return { secrets: Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name))) };
};

/** A scheduler's container, all but its secrets: plain values, as `docker.Container` takes them. */
export const schedulerContainer = (plan: DockerPlan, container: string, configVolume: string) => {
  const { target, sources, repository, project, stack, name } = plan;
  const mounts = sources.flatMap((source) =>
    source.kind === "files" && source.mount ? [mountOf(sourceMount(source.name), source.mount)] : [],
  );
  const places = placesOf(plan);
  const directories = places.flatMap((place) =>
    place.kind === "directory"
      ? [{ ...mountOf(place.path, { kind: "bind", path: place.path }), readOnly: place !== repository.location }]
      : [],
  );
  const certificates = caFiles(sources, places).map((path) => mountOf(path, { kind: "bind", path }));
  return {
    name: container,
    image: target.image,
    command: ["schedule"],
    networkMode: target.network.kind === "network" ? target.network.name : `container:${target.network.name}`,
    mounts: [
      { type: "volume", source: configVolume, target: SCHEDULER_MOUNT, readOnly: true },
      ...mounts,
      ...certificates,
      ...directories,
    ],
    user: target.user,
    memory: Math.ceil(target.memory / MIB),
    // Without it Docker allows as much swap again, where a dump would crawl.
    memorySwap: Math.ceil(target.memory / MIB),
    labels: labels(`${project}/${stack}/${name}`, "scheduler"),
  };
};

/** A bind whose directory is missing fails the start, where the short form would make an empty one. */
const mountOf = (target: string, mount: NonNullable<Extract<Plan["sources"][number], { kind: "files" }>["mount"]>) => ({
  type: mount.kind,
  source: mount.kind === "bind" ? mount.path : mount.name,
  target,
  readOnly: true,
});

/** What says on the host whose a container or volume is. */
export const labels = (plan: string, role: "scheduler" | "configuration" | "ledger") => [
  { label: "restorable.plan", value: plan },
  { label: "restorable.role", value: role },
];

/** What every scheduler gets: nothing that it could misuse, and logs that end. */
export const CONFINED = {
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges"],
  tmpfs: { "/tmp": "" },
  logDriver: "json-file",
  logOpts: { "max-size": "10m", "max-file": "3" },
};

/** Runs again after everything but `docker stop`, and after that when the host boots: backups do not stay off. */
export const LIFE = {
  restart: "always",
  mustRun: true,
  // A backup that is told to stop leaves nothing behind; one that is killed leaves its lease for some time.
  stopTimeout: 60,
  destroyGraceSeconds: 60,
  healthcheck: {
    tests: ["CMD", "restorable-runner", "healthy"],
    interval: "10s",
    timeout: "10s",
    startPeriod: "60s",
    retries: 3,
  },
  // A scheduler that does not come up fails the update.
  wait: true,
  waitTimeout: 120,
};

/** A container that only carries files into a volume. */
export const NEVER_STARTED = {
  start: false,
  mustRun: false,
  networkMode: "none",
  mounts: [{ type: "volume", target: SCHEDULER_MOUNT }],
};

/** Both files, for the scheduler's user alone. */
export const uploads = ({ user }: DockerTarget, schedule: string, secrets: string) => {
  const [owner, group] = user.split(":") as [string, string];
  return [
    { file: SCHEDULE_FILE, content: schedule, owner, group, permissions: "0400" },
    { file: SECRETS_FILE, content: secrets, owner, group, permissions: "0400" },
  ];
};
