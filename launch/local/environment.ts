import path from "node:path";
import type { Job, Location, Source } from "../../spec/index.ts";

/**
 * The environment of a runner on this machine: the launcher's own without anything secret. What the job needs comes on
 * stdin instead, where no other program of the user can read it from /proc.
 */
export const runnerEnvironment = (
  job: Job,
  environment: Readonly<Record<string, string | undefined>>,
  secretNames: readonly string[],
): Record<string, string> => {
  const names = new Set(secretNames);
  const chain = usesCredentialChain(job);
  const kept = Object.entries(environment).filter((pair): pair is [string, string] => {
    const [name, value] = pair;
    if (value === undefined || names.has(name) || /^(RESTORABLE_|PULUMI_|PG)/.test(name)) return false;
    return chain || !name.startsWith("AWS_");
  });
  return { ...compileCache(environment), ...Object.fromEntries(kept) };
};

/**
 * Where Node keeps compiled code between runs, which more than halves the start of a runner; a restore starts six, two
 * of them while the application is down. In the user's own cache: a folder in /tmp could be somebody else's.
 */
const compileCache = ({
  XDG_CACHE_HOME,
  HOME,
}: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const cache = XDG_CACHE_HOME || (HOME && path.join(HOME, ".cache"));
  return cache ? { NODE_COMPILE_CACHE: path.join(cache, "restorable", "node") } : {};
};

/** A bucket without credentials of its own is reached by the ordinary AWS credential chain, which reads `AWS_*`. */
const usesCredentialChain = (job: Job): boolean =>
  locations(job).some((place) => place.kind === "s3" && !place.credentials) ||
  ("plan" in job && typeof job.plan === "object" && job.plan.sources.some(isOpen));

const isOpen = (source: Source): boolean => source.kind === "objects" && !source.credentials;

const locations = (job: Job): readonly Location[] => {
  switch (job.kind) {
    case "bucket":
    case "orphans":
      return [];
    case "ledger":
      return job.find ? [job.find.repository.location] : [];
    case "backup":
      return [job.plan.repository.location];
    case "restore":
      return [job.plan.repository.location, job.from.repository.location];
    case "copy":
      return [job.from.location, job.to.location];
    case "catalog":
    case "check":
    case "drill":
    case "inspect":
    case "mark":
    case "open":
    case "prune":
    case "verify":
      return [job.repository.location];
  }
};

/** The environment of the operator's programs that stop and start an application: without this project's secrets. */
export const programEnvironment = (environment: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).filter(
      (pair): pair is [string, string] =>
        pair[1] !== undefined && !/^(RESTORABLE_|PULUMI_CONFIG_PASSPHRASE)/.test(pair[0]),
    ),
  );
