import { EXPIRE_TAG, FILES } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { ObjectVersion, Store } from "../store/store.ts";

/** Days that what restic removed stays as noncurrent versions: time to find out that it should not have. */
export const REMOVED_DAYS = 30;

/**
 * Lets go of what was removed below `files/` long enough ago: by the tag that the bucket's lifecycle expires, or by
 * deleting it where the store has no such lifecycle. Only objects whose newest version is an old delete marker: an
 * object that somebody wrote over is not removed, and its first version is the good one.
 * @returns how many versions
 */
export const retireRemoved = async (context: Context, store: Store, days: number = REMOVED_DAYS): Promise<number> => {
  if (!(await store.versioned())) return 0;
  const before = new Date((await store.clock()).getTime() - days * 86_400_000);
  const byTag = await store.expiresByTag();
  const versions: ObjectVersion[] = [];
  for await (const version of store.versions(FILES)) versions.push(version);
  // Versions and delete markers of one object need not come one after the other.
  const removed = [...Map.groupBy(versions, ({ key }) => key).values()]
    .filter((ofKey) => ofKey.some(({ latest, deleteMarker, modified }) => latest && deleteMarker && modified <= before))
    .flat();
  // The marker last: a run that is killed in between leaves nothing that looks like an object again.
  for (const { key, versionId, deleteMarker } of removed.toSorted(
    (a, b) => Number(a.deleteMarker) - Number(b.deleteMarker),
  )) {
    context.signal.throwIfAborted();
    if (!byTag) await store.remove(key, versionId);
    else if (!deleteMarker) await store.tag(key, versionId, EXPIRE_TAG);
  }
  return removed.filter(({ deleteMarker }) => !deleteMarker).length;
};
