import { type CatalogPoint, type Check, isQuarantined, JobError, type ObjectsSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { readCopies } from "../objects/copy-list.ts";
import { lifecycleWarnings } from "../objects/inspect-media.ts";
import { presentCopies } from "../objects/known-copies.ts";
import { mediaBucket } from "../objects/media-bucket.ts";
import { versioned } from "../store/s3-store.ts";
import type { Store } from "../store/store.ts";

/** Missing copies that a check names. */
const NAMED = 5;

/** Whether every copy that a point names is still there, by listing and not by reading. None where no point has copies. */
export const copyChecks = async (
  context: Context,
  store: Store,
  points: readonly CatalogPoint[],
): Promise<readonly Check[]> => {
  const lists = points
    .filter((point) => !isQuarantined(point))
    .flatMap(({ id, manifest }) =>
      manifest.sources.flatMap((entry) =>
        entry.kind === "objects" && entry.copies ? [{ id, list: entry.copies }] : [],
      ),
    );
  if (lists.length === 0) return [];
  const present = new Set<string>();
  for await (const { key, versionId } of presentCopies(store)) present.add(copyId(key, versionId));
  const problems: string[] = [];
  for (const { id, list } of lists) {
    try {
      const missing: string[] = [];
      for await (const { stored, versionId } of readCopies(context, store, list))
        if (!present.has(copyId(stored, versionId))) missing.push(stored);
      if (missing.length > 0)
        problems.push(
          `${id} misses ${missing.length} copies: ${missing.slice(0, NAMED).join(", ")}; take a new backup, and quarantine it`,
        );
    } catch (error) {
      if (!(error instanceof JobError) || error.code !== "corrupt") throw error;
      problems.push(`${id}: ${error.fact}; quarantine it`);
    }
  }
  return [
    {
      name: "copies",
      ok: problems.length === 0,
      detail: problems.length === 0 ? `every copy of ${lists.length} point(s) is there` : problems.join("; "),
    },
  ];
};

/** One version of one copy. */
export const copyId = (stored: string, versionId: string | undefined): string => `${stored} ${versionId ?? ""}`;

/** Whether the buckets whose versions are named keep them. */
export const versionChecks = async (context: Context, sources: readonly ObjectsSource[]): Promise<readonly Check[]> => {
  const checks: Check[] = [];
  for (const source of sources) {
    if (source.store.kind !== "versions") continue;
    const media = mediaBucket(context, source, source.credentials);
    const problems = (await versioned(media))
      ? await lifecycleWarnings(media, source)
      : [`the bucket ${source.bucket} is not versioned any more: switch versioning on`];
    const detail =
      problems.length === 0
        ? `${source.bucket} is versioned, and no rule removes noncurrent versions`
        : problems.join("; ");
    checks.push({ name: `versions of ${source.name}`, ok: problems.length === 0, detail });
  }
  return checks;
};
