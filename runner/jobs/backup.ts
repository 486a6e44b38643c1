import {
  type BackupJob,
  type Entry,
  type Manifest,
  newPointId,
  type Plan,
  pointTime,
  type ResultOf,
  type Source,
} from "../../spec/index.ts";
import { storeArtifact } from "../artifact/store-artifact.ts";
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
import { type Lease, takeLease } from "../store/lease.ts";
import { removeLeftovers } from "../store/leftovers.ts";
import type { Store } from "../store/store.ts";
import { openPlanStore } from "./plan-store.ts";

type Body = Pick<ResultOf<"backup">, "kind" | "manifest" | "removedLeftovers" | "warnings">;

/** Takes one recovery point: lease, preflight, sources, manifest last. */
export const backup = async (context: Context, { plan }: BackupJob): Promise<Body> => {
  const store = openPlanStore(context, plan.repository, plan.name, "writer");
  context.report.step("lease", `taking the lease of ${store.name}`);
  const lease = await takeLease(context, store, { job: "backup", seconds: plan.leaseSeconds });
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
  const removedLeftovers = await removeLeftovers(context, store, { seconds: plan.leaseSeconds });
  const begun = context.now();
  const id = nextId(context, begun, previous);
  const identity = await storeIdentity(store, id, plan.recipients);
  const sources = await storeSources(context, plan, {
    store,
    point: id,
    previous,
    storeStream: storeArtifact(context, { store, point: id, recipient: identity.recipient }),
  });
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

const storeSources = async (context: Context, plan: Plan, target: ObjectsTarget): Promise<Entry[]> => {
  const entries: Entry[] = [];
  for (const source of databaseFirst(plan.sources)) {
    context.report.step("source", `backing up ${describe(source)}`);
    entries.push(await storeSource(context, source, target));
  }
  return entries;
};

const storeSource = (context: Context, source: Source, target: ObjectsTarget): Promise<Entry> => {
  switch (source.kind) {
    case "postgres":
      return dumpPostgres(context, source, target.storeStream);
    case "files":
      return storeFiles(context, source, target.storeStream);
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
