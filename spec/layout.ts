/** Where things lie, relative to `<prefix>/<environment>/<plan>/`. */
export const LEASE_KEY = "lease.json";
export const CATALOG = "catalog/";
export const ARTIFACTS = "artifacts/";
export const PROOFS = "proofs/";
export const MARKS = "marks/";
/** Copies of objects sources. */
export const COPIES = "objects/";
/** A restic repository, for incremental file sources. */
export const FILES = "files/";
/** Its password, encrypted to the plan's recipients. Beside the restic repository, where no tool of restic's looks. */
export const FILES_PASSWORD_KEY = "files-password.age";

/** What a prune writes into its marks. */
export const EXPIRE_REASON = "no rule of the retention keeps it";

export const manifestKey = (point: string): string => `${CATALOG}${point}.json`;
export const artifactKey = (point: string, file: string): string => `${ARTIFACTS}${point}/${file}`;
export const identityKey = (point: string): string => artifactKey(point, "identity.age");
/** A copy's key: `name` is the same for an object that did not change. */
export const copyKey = (source: string, name: string, point: string): string => `${COPIES}${source}/${name}-${point}`;
export const proofKey = (point: string, at: Date): string => `${PROOFS}${point}/${compact(at)}.json`;
export const markKey = (point: string, at: Date, kind: string): string =>
  `${MARKS}${point}/${compact(at)}-${kind}.json`;

/** The prefix of a plan's keys, with a slash at its end. */
export const planPrefix = (prefix: string, environment: string, plan: string): string =>
  `${prefix === "" ? "" : `${prefix}/`}${environment}/${plan}/`;

/** A new recovery-point id. The random number below 65,536 keeps two points of one second apart. */
export const newPointId = (at: Date, random: number): string =>
  `${at.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z-${random.toString(16).padStart(4, "0")}`;

/** The instant in a recovery-point id: when the point was begun. */
export const pointTime = (id: string): Date => {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(id) ?? [];
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
};

const compact = (at: Date): string => at.toISOString().replace(/[-:]/g, "");
