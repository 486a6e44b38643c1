import {
  type BackupJob,
  type Entry,
  isIncremental,
  layoutKey,
  layoutKeys,
  type Manifest,
  newPointId,
  type Plan,
  pointTime,
  type ResultOf,
  type Source,
} from "../../spec/index.ts";
import { type ArtifactTarget, storeArtifact } from "../artifact/store-artifact.ts";
import { makeManifest } from "../backup/make-manifest.ts";
import { preflight } from "../backup/preflight.ts";
import { newestManifest } from "../backup/previous.ts";
import { storeIdentity } from "../backup/store-identity.ts";
import { writeManifest } from "../catalog/write-manifest.ts";
import { type Context, withSignal } from "../context.ts";
import { storeFiles } from "../files/store-files.ts";
import { mediaName } from "../objects/media-bucket.ts";
import { type ObjectsTarget, storeObjects } from "../objects/store-objects.ts";
import { dumpPostgres } from "../postgres/dump.ts";
import { type Snapshots, snapshotTarget } from "../restic/snapshot-target.ts";
import { storeSnapshot } from "../restic/store-snapshot.ts";
import { type Lease, takeLease } from "../store/lease.ts";
import { removeLeftovers } from "../store/leftovers.ts";
import type { Store } from "../store/store.ts";
import { openPlanStore, openRootStore } from "./plan-store.ts";

type Body = Pick<ResultOf<"backup">, "kind" | "manifest" | "removedLeftovers" | "warnings">;

/** Takes one recovery point: lease, preflight, sources, manifest last. */
export const backup = async (context: Context, { plan, waitSeconds }: BackupJob): Promise<Body> => {
  const store = openPlanStore(context, plan.repository, plan.name, "writer");
  context.report.step("lease", `taking the lease of ${store.name}`);
  const lease = await takeLease(context, store, { job: "backup", seconds: plan.leaseSeconds, waitSeconds });
  try {
    return await takePoint(withSignal(context, AbortSignal.any([context.signal, lease.signal])), plan, store, lease);
  } finally {
    await lease.release();
  }
};

const takePoint = async (context: Context, plan: Plan, store: Store, lease: Lease): Promise<Body> => {
  context.report.step("preflight", `looking at ${plan.sources.length} source(s), ${store.name} and the clock`);
  const previous = await newestManifest(store, plan.repository);
  await preflight(context, plan, store, previous);
  const root = openRootStore(context, plan.repository, "writer");
  const keysOf = (point: string) => layoutKeys(plan.layout, plan.sources, point, context.holder.host);
  const removedLeftovers = await removeLeftovers(context, store, {
    seconds: plan.leaseSeconds,
    layout: { root, keysOf },
  });
  const begun = context.now();
  const id = await freeId(context, plan, root, nextId(context, begun, previous));
  const identity = await storeIdentity(store, id, plan.recipients);
  const sources = await storeSources(
    context,
    plan,
    root,
    { store, point: id, recipient: identity.recipient },
    previous,
  );
  const manifest = await makeManifest(context, plan, { id, begun, identity, sources, previous });
  const warnings = manifest.flags.map(
    ({ fact }) => `${fact}: the point is stored and flagged, and nothing is pruned until somebody marks it 'accept'`,
  );
  for (const text of warnings) context.report.warning(text);
  context.report.step("manifest", `publishing recovery point ${id}`);
  await lease.check();
  await writeManifest(context, store, plan.repository, manifest);
  return { kind: "backup", manifest, removedLeftovers, warnings };
};

const storeSources = async (
  context: Context,
  plan: Plan,
  root: Store,
  target: ArtifactTarget,
  previous: Manifest | undefined,
): Promise<Entry[]> => {
  const snapshots = await snapshotTarget(context, plan, target.store, previous);
  const entries: Entry[] = [];
  for (const source of databaseFirst(plan.sources)) {
    context.report.step("source", `backing up ${describe(source)}`);
    const key = plan.layout && layoutKey(plan.layout, source, target.point, context.holder.host);
    const plain = key === undefined ? {} : { plain: { root, key } };
    const storeStream = storeArtifact(context, { ...target, ...plain });
    entries.push(
      await storeSource(context, source, { ...target, previous, storeStream, snapshots, raw: key !== undefined }),
    );
  }
  return entries;
};

interface SourceTarget extends ObjectsTarget {
  /** Absent where no source of the plan is stored incrementally. */
  readonly snapshots: Snapshots | undefined;
  /** A layout stores it as it comes. */
  readonly raw: boolean;
}

const storeSource = (context: Context, source: Source, target: SourceTarget): Promise<Entry> => {
  switch (source.kind) {
    case "postgres":
      return dumpPostgres(context, source, target.storeStream, target.raw);
    case "files":
      return target.snapshots && isIncremental(source)
        ? storeSnapshot(context, source, { ...target.snapshots, storeStream: target.storeStream })
        : storeFiles(context, source, target.storeStream);
    case "objects":
      return storeObjects(context, source, target);
  }
};

/** The snapshot of a database is taken before the first file or object is read, so those may be newer than rows, never older. */
const databaseFirst = (sources: readonly Source[]): readonly Source[] =>
  [...sources].sort((a, b) => Number(a.kind !== "postgres") - Number(b.kind !== "postgres"));

/** Ids sort in the order of points, also when two are begun within a second or a clock was set back a little. */
const nextId = (context: Context, begun: Date, previous: Manifest | undefined): string => {
  const after = previous ? pointTime(previous.id).getTime() + 1_000 : 0;
  return newPointId(new Date(Math.max(begun.getTime(), after)), context.random(0x10000));
};

/**
 * The names of a layout have seconds only, and an older tool may write the same ones beside us: a point whose keys are
 * taken begins a second later.
 */
const freeId = async (context: Context, { layout, sources }: Plan, root: Store, id: string): Promise<string> => {
  for (let free = id; ; free = newPointId(new Date(pointTime(free).getTime() + 1_000), context.random(0x10000))) {
    const keys = layoutKeys(layout, sources, free, context.holder.host);
    const sizes = await Promise.all(keys.map((key) => root.size(key)));
    if (sizes.every((size) => size === undefined)) return free;
  }
};

const describe = (source: Source): string => {
  switch (source.kind) {
    case "postgres":
      return `database '${source.database}' of ${source.host}:${source.port}`;
    case "files":
      return `files of ${source.directory}`;
    case "objects":
      return `objects of ${mediaName(source)}`;
  }
};
