import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { loadavg } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { makePlan, storageSource } from "./ours.ts";
import { rawRestic } from "./raw.ts";
import { changeStorage, fillStorage, measure, type StorageSize } from "./storage.ts";
import { backup, pointKey, restore, timed, type World } from "./world.ts";

/** What one side took and stored. */
export interface Side {
  readonly seconds: number;
  /** What is in the store afterwards and was not before. */
  readonly stored: { readonly files: number; readonly bytes: number };
}

export interface Step {
  readonly what: string;
  readonly kind: "backup" | "restore";
  readonly raw: Side;
  readonly ours: Side;
}

export interface ChipsterFiles {
  readonly tree: { readonly files: number; readonly bytes: number };
  readonly steps: readonly Step[];
  /** The most memory of the runner's own process in any step, in bytes. */
  readonly peak: number;
  /** One-minute load averages before, and after each step. */
  readonly loads: readonly number[];
}

const PASSWORD = "of the files";

/** The files of a file-storage, by restic alone and by Restorable, into the same store in turns. */
export const compareChipsterFiles = async (world: World, size: StorageSize): Promise<ChipsterFiles> => {
  const { directory, store, keys, s3 } = world;
  const at = (name: string) => path.join(directory, name);
  const tree = at("storage");
  await mkdir(tree);
  await fillStorage(tree, size);
  const plan = makePlan("storage", storageSource(tree), { ...s3, prefix: "ours" } as typeof s3, at("ledger"), keys);
  const ours = { ...world, secrets: { ...world.secrets, FILES_PASSWORD: PASSWORD } };
  const env = {
    RESTIC_REPOSITORY: `s3:${store.endpoint}/bench/raw`,
    RESTIC_PASSWORD: PASSWORD,
    RESTIC_CACHE_DIR: at("restic-cache"),
    AWS_ACCESS_KEY_ID: store.root.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.root.secretAccessKey,
  };
  const loads = [loadavg()[0] ?? 0];
  let peak = 0;
  const side = async (name: "raw" | "ours", work: () => Promise<{ readonly peak: number } | undefined>) => {
    const folder = path.join(store.directory, "buckets/bench", name);
    await mkdir(folder, { recursive: true });
    const before = await measure(folder);
    const seconds = await timed(async () => {
      peak = Math.max(peak, (await work())?.peak ?? 0);
    });
    const after = await measure(folder);
    return { seconds, stored: { files: after.files - before.files, bytes: after.bytes - before.bytes } };
  };
  const step = async (
    kind: Step["kind"],
    what: string,
    raw: () => Promise<void>,
    mine: () => Promise<{ readonly peak: number }>,
  ) => {
    console.log(what);
    const rawSide = await side("raw", async () => {
      await raw();
      return undefined;
    });
    const found = { what, kind, raw: rawSide, ours: await side("ours", mine) };
    loads.push(loadavg()[0] ?? 0);
    return found;
  };
  const whole = await measure(tree);
  await rawRestic(env, "init");
  const steps = [
    await step(
      "backup",
      "first backup",
      () => rawRestic(env, "backup", tree),
      () => backup(ours, plan),
    ),
  ];
  await changeStorage(tree, size);
  steps.push(
    await step(
      "backup",
      "second backup, after a small change",
      () => rawRestic(env, "backup", tree),
      () => backup(ours, plan),
    ),
  );
  const identity = await pointKey(ours, plan);
  steps.push(
    await step(
      "restore",
      "restore of all, compared",
      () => rawRestic(env, "restore", at("raw-restored")),
      () => restore(ours, plan, { id: "storage", into: { directory: at("ours-restored") } }, identity),
    ),
  );
  await sameTree(tree, at("ours-restored"));
  await sameTree(tree, path.join(at("raw-restored"), tree));
  for (const name of ["storage", "ours-restored", "raw-restored"]) await rm(at(name), { recursive: true });
  return { tree: whole, steps, peak, loads };
};

/** Byte for byte, and not a part of what is measured. */
const sameTree = async (one: string, other: string): Promise<void> => {
  await promisify(execFile)("diff", ["--recursive", "--brief", "--no-dereference", one, other]);
};
