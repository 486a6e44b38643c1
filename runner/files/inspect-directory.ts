import { access, constants, lstat, readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { JobError } from "../../spec/index.ts";
import { mountPoints } from "./mounts.ts";
import { besideDirectory, OWN_INSIDE, type SwapForm, type SwapNames, supersededDirectory } from "./names.ts";
import { refuseDangerous } from "./refuse-dangerous.ts";

/**
 * A directory that is read.
 * @throws JobError `missing-directory`, `too-few-rights`
 */
export const requireDirectory = async (directory: string): Promise<void> => {
  try {
    await readdir(directory);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      const fact = code === "ENOENT" ? `'${directory}' does not exist` : `'${directory}' is not a directory`;
      throw new JobError("missing-directory", fact, "look at the plan's source, and whether its volume is mounted", {
        cause,
      });
    }
    if (code !== "EACCES" && code !== "EPERM") throw cause;
    const hint = "run as a user who may read the whole directory";
    throw new JobError("too-few-rights", `'${directory}' cannot be read by this user`, hint, { cause });
  }
};

/** What a restore into a directory will do, found without touching anything. */
export interface InspectedTarget {
  readonly names: SwapNames;
  readonly form: SwapForm;
  /** The file system of this directory takes the copy. */
  readonly roomIn: string;
  readonly notes: readonly string[];
}

/**
 * Looks at a directory that a restore wants to replace and chooses the names and the form of the swap. Sibling
 * directories are renamed where that is possible; a mount point, or a directory whose parent may not be written, is
 * swapped from inside.
 * @throws JobError `cannot-swap`, `missing-directory`, `too-few-rights`, `target-not-empty`
 */
export const inspectTarget = async (live: string, id: string, at: Date): Promise<InspectedTarget> => {
  refuseDangerous(live);
  const parent = await realParent(live);
  refuseDangerous(path.join(parent, path.basename(live)));
  const existed = await isDirectory(live);
  const form = await chooseForm(live, parent, existed);
  const names: SwapNames = {
    live,
    beside: besideDirectory(live, id, form),
    superseded: supersededDirectory(live, at, form),
    existed,
  };
  for (const name of [names.beside, names.superseded]) await refuseTaken(name);
  return { names, form, roomIn: form === "inside" ? live : parent, notes: notes(live, form) };
};

/**
 * The same for a restore into a directory of its own, which must be empty or not exist.
 * @throws JobError the above, and `target-not-empty`
 */
export const inspectNewTarget = async (directory: string, id: string, at: Date): Promise<InspectedTarget> => {
  const target = await inspectTarget(directory, id, at);
  if (target.names.existed) {
    const held = (await readdir(directory)).filter((name) => !OWN_INSIDE.test(name));
    if (held.length > 0) {
      const fact = `refusing to restore into '${directory}': it holds '${held.sort()[0]}'`;
      throw new JobError("target-not-empty", fact, "choose a directory that is empty or does not exist");
    }
  }
  // An empty directory is nothing that anybody would want back.
  return { ...target, names: { ...target.names, existed: false } };
};

const realParent = async (live: string): Promise<string> => {
  const parent = path.dirname(live);
  try {
    return await realpath(parent);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EACCES") throw tooFewRights(live, cause);
    throw new JobError("missing-directory", `'${parent}' does not exist`, "make it, or mount what belongs there", {
      cause,
    });
  }
};

const isDirectory = async (live: string): Promise<boolean> => {
  const found = await lstat(live).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error.code === "EACCES" ? tooFewRights(live, error) : error;
  });
  if (found === undefined) return false;
  if (found.isSymbolicLink()) {
    const to = await realpath(live).catch(() => "nowhere");
    throw new JobError(
      "cannot-swap",
      `'${live}' is a symbolic link to ${to}`,
      `name the directory itself in the plan: a rename would replace the link and leave ${to} as it is`,
    );
  }
  if (!found.isDirectory())
    throw new JobError("cannot-swap", `'${live}' is not a directory`, "look at the plan's source");
  return true;
};

const chooseForm = async (live: string, parent: string, existed: boolean): Promise<SwapForm> => {
  const real = path.join(parent, path.basename(live));
  const mounts = await mountPoints();
  const below = mounts.find((point) => point.startsWith(`${real}/`));
  if (below !== undefined) {
    throw new JobError(
      "cannot-swap",
      `'${below}' is mounted below '${live}', and would stay with the data that are replaced`,
      "declare it as a source of its own and exclude it here, or unmount it for the restore",
    );
  }
  const mayRename = !mounts.includes(real) && (await mayMove(parent, existed ? live : undefined));
  if (mayRename) return "sibling";
  if (existed && (await mayWrite(live))) return "inside";
  throw tooFewRights(live);
};

/** In a sticky directory (like /tmp) only its owner and the file's may rename. */
const mayMove = async (parent: string, live: string | undefined): Promise<boolean> => {
  if (!(await mayWrite(parent))) return false;
  const user = process.geteuid?.() ?? 0;
  const holder = await lstat(parent);
  if (user === 0 || live === undefined || (holder.mode & 0o1000) === 0 || holder.uid === user) return true;
  return (await lstat(live)).uid === user;
};

const mayWrite = (directory: string): Promise<boolean> =>
  access(directory, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );

const refuseTaken = async (name: string): Promise<void> => {
  const isFree = await lstat(name).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );
  if (isFree) return;
  throw new JobError(
    "target-not-empty",
    `'${name}' exists already, and this restore needs that name`,
    "look what it is: an earlier restore may have left it; remove it if it may go, then ask again under a new id",
  );
};

const notes = (live: string, form: SwapForm): readonly string[] => [
  ...(form === "inside"
    ? [`'${live}' cannot be renamed (a mount point, or a parent that may not be written): it is swapped from inside`]
    : []),
  ...(process.geteuid?.() === 0 ? [] : [`without root, everything in '${live}' will belong to the user of this job`]),
];

const tooFewRights = (live: string, cause?: unknown): JobError =>
  new JobError(
    "too-few-rights",
    `this user may write neither '${live}' nor the directory that holds it`,
    "run as its owner or as root, or restore into another directory",
    { cause },
  );
