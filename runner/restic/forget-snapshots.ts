import { z } from "zod";
import { FILES, JobError, type PruneJob } from "../../spec/index.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import { isWrittenByAnother } from "../store/leftovers.ts";
import type { Store } from "../store/store.ts";
import { openRestic, type ResticRepository } from "./restic-repository.ts";
import { snapshotsOf } from "./snapshots-of.ts";
import { removeStaleLocks } from "./stale-locks.ts";
import { OUR_TAG } from "./store-snapshot.ts";
import { textOf } from "./text-of.ts";

const listed = z.array(z.object({ id: z.string() }));

/**
 * Forgets the snapshots of points that expire, and those that no manifest names because their run was killed, and
 * removes what only they needed. Nothing is forgotten while a backup runs or a manifest cannot be read: a snapshot that
 * seems to be nobody's may be its. Snapshots without our tag stay.
 * @param expired points that the retention no longer keeps
 * @returns how many were forgotten
 */
export const forgetSnapshots = async (
  context: Context,
  store: Store,
  job: PruneJob,
  expired: ReadonlySet<string>,
): Promise<number> => {
  // The time first, the lease then, the snapshots, and the catalog last: as for leftovers, whatever a run that begins in
  // between writes is younger, and whatever one has just published is in the catalog.
  const before = new Date((await store.clock()).getTime() - job.leaseSeconds * 1000);
  if (await isWrittenByAnother(context, store, new Date(before.getTime() + job.leaseSeconds * 1000))) return 0;
  const stored = await storedSnapshots(store);
  if (stored.size === 0) {
    await removeUnfinishedRepository(store, before);
    return 0;
  }
  const { points, unreadable } = await readCatalog(context, store, job.repository, job.plan);
  if (unreadable.length > 0) return 0;
  const kept = new Set(points.filter(({ id }) => !expired.has(id)).flatMap(snapshotsOf));
  const known = new Set(points.flatMap(snapshotsOf));
  const idle = [...stored].filter(([id, modified]) => !kept.has(id) && (known.has(id) || modified < before));
  if (idle.length === 0) return 0;
  await removeStaleLocks(context, store);
  return forget(
    context,
    job,
    await openPruned(context, store, job),
    idle.map(([id]) => id),
  );
};

const storedSnapshots = async (store: Store): Promise<ReadonlyMap<string, Date>> => {
  const below = `${FILES}snapshots/`;
  const found = new Map<string, Date>();
  for await (const { key, modified } of store.list(below)) found.set(key.slice(below.length), modified);
  return found;
};

/** The key of a repository whose making was killed is in the way of the next one, whose writer may not remove it. */
const removeUnfinishedRepository = async (store: Store, before: Date): Promise<void> => {
  if ((await store.size(`${FILES}config`)) !== undefined) return;
  for await (const { key, modified } of store.list(`${FILES}keys/`)) if (modified < before) await store.remove(key);
};

const openPruned = async (
  context: Context,
  store: Store,
  { repository: { filesPassword } }: PruneJob,
): Promise<ResticRepository | undefined> => filesPassword && openRestic(store, context.secret(filesPassword));

const forget = async (
  context: Context,
  { plan }: PruneJob,
  repository: ResticRepository | undefined,
  idle: readonly string[],
): Promise<number> => {
  if (!repository) {
    context.report.warning(
      `${idle.length} snapshot(s) of ${plan} are no longer needed and stay: the password of its files was not given`,
    );
    return 0;
  }
  const ours = await ourSnapshots(context, repository);
  const ids = idle.filter((id) => ours.has(id));
  if (ids.length === 0) return 0;
  context.report.step("prune", `forgetting ${ids.length} snapshot(s) of ${repository.name}, and what only they need`);
  try {
    await runPipeline(context, [repository.call(["forget", "--prune", "--json", ...ids])]);
    return ids.length;
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== "busy") throw error;
    context.report.warning(`${ids.length} snapshot(s) stay until the next prune: ${error.fact}`);
    return 0;
  }
};

const ourSnapshots = async (context: Context, repository: ResticRepository): Promise<ReadonlySet<string>> => {
  let text = "";
  await runPipeline(context, [repository.call(["snapshots", "--json", "--no-lock", "--tag", OUR_TAG])], {
    output: async (stdout) => {
      text = await textOf(stdout);
    },
  });
  return new Set(listed.parse(JSON.parse(text)).map(({ id }) => id));
};
