import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Holder, holder, JobError, parse } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { refuseDangerous } from "../files/refuse-dangerous.ts";
import { emptyDirectory } from "../files/remove-tree.ts";
import { liveness } from "../world/holder.ts";

/** All that a drill puts into its scratch directory lies in one of this name: that is how the next one knows it as ours. */
const OURS = "restorable-drill";
const HOLDER = "holder.json";
/** On a new file system of its own. */
const FOREIGN_BUT_EMPTY = "lost+found";

export interface ScratchDirectory {
  /** Trees are restored below it. */
  readonly restored: string;
  /** Scratch copies of dumps. */
  readonly archive: string;
  /** Removes everything that the drill put there, and the directory where the drill made it. */
  readonly remove: (context: Context) => Promise<void>;
}

/**
 * Takes the scratch directory, which must be empty or not exist; what a drill left that was killed goes first.
 * @throws JobError `target-not-empty` where it holds anything else; `busy` while another drill works there
 */
export const takeDirectory = async (context: Context, directory: string): Promise<ScratchDirectory> => {
  refuseDangerous(path.join(directory, OURS));
  const made = await mkdir(directory, { mode: 0o700 }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw new JobError("missing-directory", `'${directory}' cannot be made: ${error.message}`, "make it first");
    },
  );
  const held = (await readdir(directory)).filter((name) => name !== OURS && name !== FOREIGN_BUT_EMPTY).sort();
  if (held[0] !== undefined) {
    const fact = `refusing to drill in '${directory}': it holds '${held[0]}'`;
    throw new JobError("target-not-empty", fact, "name a directory that is empty or does not exist");
  }
  const ours = path.join(directory, OURS);
  await claim(context, ours);
  const inside = { restored: path.join(ours, "restored"), archive: path.join(ours, "archive") };
  for (const part of Object.values(inside)) await mkdir(part, { mode: 0o700 });
  return {
    ...inside,
    remove: async (tidying) => {
      await emptyDirectory(tidying, ours);
      await rmdir(ours);
      if (made) await rmdir(directory);
    },
  };
};

const claim = async (context: Context, ours: string): Promise<void> => {
  const file = path.join(ours, HOLDER);
  if (!(await mkdir(ours, { recursive: true, mode: 0o700 }))) {
    const other = await holderOf(file);
    if (other && liveness(other, context.holder) === "alive") {
      const fact = `another drill works in '${ours}': process ${other.pid} on ${other.host}`;
      throw new JobError("busy", fact, "wait for its end, or name another scratch directory");
    }
    await emptyDirectory(context, ours);
  }
  await rm(file, { force: true });
  await writeFile(file, JSON.stringify(context.holder), { flag: "wx" });
};

/** Undefined for a drill that was killed before it could say who it is. */
const holderOf = async (file: string): Promise<Holder | undefined> => {
  const text = await readFile(file, "utf8").catch(() => undefined);
  try {
    return text === undefined ? undefined : parse(holder, JSON.parse(text), file);
  } catch {
    return undefined;
  }
};
