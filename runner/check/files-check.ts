import { type CatalogPoint, type Check, FILES, isExpiring, isQuarantined } from "../../spec/index.ts";
import { snapshotsOf } from "../restic/snapshots-of.ts";
import type { Store } from "../store/store.ts";

/** Whether the snapshots that the points name are in the restic repository; no check where none names any. */
export const filesCheck = async (store: Store, points: readonly CatalogPoint[]): Promise<readonly Check[]> => {
  const needing = points.filter(
    (point) => snapshotsOf(point).length > 0 && !isExpiring(point) && !isQuarantined(point),
  );
  if (needing.length === 0) return [];
  if ((await store.size(`${FILES}config`)) === undefined) {
    const detail = `there is no restic repository in ${store.name}, and ${needing.length} point(s) need it: restore it from a copy, or from noncurrent versions`;
    return [{ name: "files", ok: false, detail }];
  }
  const below = `${FILES}snapshots/`;
  const stored = new Set<string>();
  for await (const { key } of store.list(below)) stored.add(key.slice(below.length));
  const missing = needing.flatMap((point) =>
    snapshotsOf(point)
      .filter((id) => !stored.has(id))
      .map((id) => `the snapshot ${id.slice(0, 8)} of ${point.id} is missing`),
  );
  return missing.length === 0
    ? [{ name: "files", ok: true, detail: `the snapshots of ${needing.length} point(s) are there` }]
    : [
        {
          name: "files",
          ok: false,
          detail: `${missing.join("; ")}: find out who removed it, then quarantine the point`,
        },
      ];
};
