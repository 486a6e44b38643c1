import { type CatalogPoint, EXPIRE_TAG, JobError, pointTime } from "../../spec/index.ts";
import { copyId } from "../check/copies.ts";
import type { Context } from "../context.ts";
import { parseCopyKey, presentCopies } from "../objects/known-copies.ts";
import { namedCopies } from "../objects/named-copies.ts";
import { isWrittenByAnother } from "../store/leftovers.ts";
import type { Store } from "../store/store.ts";

/**
 * Days after which a copy that no point names may go. Backups take up what a killed run has left for 3 days only, so
 * what is swept is never what a running backup has just decided to name.
 */
export const SWEEP_AFTER_DAYS = 7;

/**
 * Marks and sweeps copies of objects: what no kept point names is tagged for the bucket's lifecycle, or deleted. It does
 * nothing when a list cannot be read, or while a backup holds the lease.
 * @returns how many
 */
export const sweepCopies = async (
  context: Context,
  store: Store,
  kept: readonly CatalogPoint[],
  byTag: boolean,
  days: number = SWEEP_AFTER_DAYS,
): Promise<number> => {
  const now = await store.clock();
  const old = await oldCopies(store, now, days);
  if (old.length === 0) return 0;
  const named = await namedBy(context, store, kept);
  if (!named || (await isWrittenByAnother(context, store, now))) return 0;
  const swept = old.filter(({ key, versionId }) => !named.has(copyId(key, versionId)));
  if (swept.length > 0)
    context.report.step("prune", `${byTag ? "tagging" : "deleting"} ${swept.length} copies that no point names`);
  for (const { key, versionId } of swept) {
    context.signal.throwIfAborted();
    await (byTag ? store.tag(key, versionId, EXPIRE_TAG) : store.remove(key, versionId));
  }
  return swept.length;
};

const oldCopies = async (store: Store, now: Date, days: number) => {
  const old: { readonly key: string; readonly versionId: string | undefined }[] = [];
  for await (const { key, versionId } of presentCopies(store)) {
    const parsed = parseCopyKey(key);
    if (!parsed) continue;
    if (now.getTime() - pointTime(parsed.point).getTime() >= days * 86_400_000) old.push({ key, versionId });
  }
  return old;
};

/** Undefined where that is not known for certain. */
const namedBy = async (
  context: Context,
  store: Store,
  points: readonly CatalogPoint[],
): Promise<ReadonlySet<string> | undefined> => {
  const named = new Set<string>();
  try {
    for await (const { stored, versionId } of namedCopies(context, store, points)) named.add(copyId(stored, versionId));
    return named;
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== "corrupt") throw error;
    context.report.warning(`no copy of an object is removed: ${error.fact}; ${error.hint}`);
    return undefined;
  }
};
