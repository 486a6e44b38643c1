import {
  type CatalogPoint,
  type CopyJob,
  isExpiring,
  JobError,
  type PointFact,
  type ResultOf,
} from "../../spec/index.ts";
import { type Catalog, readCatalog } from "../catalog/read-catalog.ts";
import { type Context, withSignal } from "../context.ts";
import { choosePoints } from "../copy/choose-points.ts";
import { copyFiles, copySnapshots } from "../copy/copy-files.ts";
import { copyPoint } from "../copy/copy-point.ts";
import { openPlaces, type Places } from "../copy/places.ts";
import { snapshotsOf } from "../restic/snapshots-of.ts";
import { type Lease, takeLease } from "../store/lease.ts";

type Body = Omit<ResultOf<"copy">, "version" | "ok" | "started" | "finished">;

/**
 * Pulls the points of a plan that a second repository lacks, as they are. A point whose bytes are not what its manifest
 * says is named and not published; the others are copied all the same. What a run that was killed has left is read
 * back and taken up. Points that the first repository lost, let expire or has written over stay as they were copied.
 */
export const copy = async (context: Context, job: CopyJob): Promise<Body> => {
  const places = openPlaces(context, job);
  const { store } = places.to;
  context.report.step("lease", `taking the lease of ${store.name}`);
  const lease = await takeLease(context, store, { job: "copy", seconds: job.leaseSeconds });
  try {
    const within = withSignal(context, AbortSignal.any([context.signal, lease.signal]));
    return await copyAll(within, job, places, lease);
  } finally {
    await lease.release();
  }
};

const copyAll = async (context: Context, job: CopyJob, places: Places, lease: Lease): Promise<Body> => {
  const { from, to } = places;
  context.report.step("catalog", `comparing ${from.store.name} with ${to.store.name}`);
  const [first, second, now] = await Promise.all([
    readCatalog(context, from.store, job.from, job.plan).then((all) => onlyNamed(all, job, from.store.name)),
    readCatalog(context, to.store, job.to, job.plan),
    to.store.clock(),
  ]);
  const { wanted, present, left, problems } = choosePoints(first, second, job, now);
  const found = { copied: [] as string[], left: [...left], problems: [...problems], bytes: 0 };
  const files = once(() => copyFiles(context, from.store, to.store));
  for (const point of wanted) {
    context.report.step("copy", `copying recovery point ${point.id}`);
    try {
      const snapshots = snapshotsOf(point);
      if (snapshots.length > 0) {
        found.bytes += await files();
        found.bytes += await copySnapshots(context, from.store, to.store, snapshots);
      }
      found.bytes += await copyPoint(context, places, point, originOf(first, point), lease);
      found.copied.push(point.id);
    } catch (error) {
      note(found, point, error);
    }
  }
  for (const { point, fact } of found.problems) context.report.warning(`${point}: ${fact}`);
  return { kind: "copy", healthy: found.problems.length === 0, present, ...found };
};

/** What is wrong with others is no concern of whoever wants these. @throws JobError `unknown-point` */
const onlyNamed = (all: Catalog, { points: named }: CopyJob, store: string): Catalog => {
  if (!named) return all;
  const points = all.points.filter(({ id }) => named.includes(id));
  const missing = named.filter((id) => !points.some((point) => point.id === id));
  if (missing.length === 0) return { ...all, points, unreadable: [] };
  throw new JobError("unknown-point", `${store} has no point ${missing.join(", ")}`, "`restorable list` shows them");
};

const originOf = ({ origins }: Catalog, { id }: CatalogPoint) => {
  const origin = origins.get(id);
  if (!origin) throw new Error(`${id} has no origin`);
  return origin;
};

/** What is wrong with one point does not keep the others from being copied; what is wrong with a store does. */
const note = (
  found: { readonly left: PointFact[]; readonly problems: PointFact[] },
  point: CatalogPoint,
  error: unknown,
): void => {
  if (!(error instanceof JobError) || error.code !== "corrupt") throw error;
  // It may vanish at any moment, as its own repository wants it.
  if (isExpiring(point)) found.left.push({ point: point.id, fact: `it expires there: ${error.fact}` });
  else found.problems.push({ point: point.id, fact: `${error.fact}; ${error.hint}` });
};

/** Does the work at the first call; its end is every later call's too, with nothing more copied. */
const once = (work: () => Promise<number>): (() => Promise<number>) => {
  let done: Promise<number> | undefined;
  return async () => {
    if (done) return done.then(() => 0);
    done = work();
    return done;
  };
};
