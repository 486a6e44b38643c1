import {
  type BackupJob,
  type Entry,
  JobError,
  type Manifest,
  newPointId,
  type Plan,
  pointTime,
  type ResultOf,
  type Source,
} from "../../spec/index.ts";
import { storeArtifact } from "../artifact/store-artifact.ts";
import { handCommands } from "../backup/hand-commands.ts";
import { preflight } from "../backup/preflight.ts";
import { newestManifest } from "../backup/previous.ts";
import { shrinkFlags } from "../backup/shrink.ts";
import { storeIdentity } from "../backup/store-identity.ts";
import { toolVersions } from "../backup/tool-versions.ts";
import { writeManifest } from "../catalog/write-manifest.ts";
import { type Context, withSignal } from "../context.ts";
import { storeFiles } from "../files/store-files.ts";
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
  const warnings: string[] = [];
  context.report.step("preflight", `looking at ${plan.sources.length} source(s), ${store.name} and the clock`);
  const previous = await newestManifest(store, plan.repository);
  await preflight(context, plan, store, previous);
  const removedLeftovers = await removeLeftovers(context, store, { seconds: plan.leaseSeconds }).catch(
    onlyIfRefused(warnings),
  );
  const begun = context.now();
  const id = nextId(context, begun, previous);
  const identity = await storeIdentity(store, id, plan.recipients);
  const storeStream = storeArtifact(context, { store, point: id, recipient: identity.recipient });
  const entries: Entry[] = [];
  for (const source of databaseFirst(plan.sources)) {
    context.report.step("source", `backing up ${describe(source)}`);
    entries.push(
      source.kind === "postgres"
        ? await dumpPostgres(context, source, storeStream)
        : await storeFiles(context, source, storeStream),
    );
  }
  const manifest: Manifest = {
    version: 1,
    id,
    plan: plan.name,
    environment: plan.repository.environment,
    project: plan.project,
    stack: plan.stack,
    host: context.holder.host,
    started: begun.toISOString(),
    finished: context.now().toISOString(),
    moment: "database-first",
    tools: await toolVersions(context),
    sources: entries,
    identity,
    flags: [...shrinkFlags(entries, previous, plan.shrinkBelow)],
    ...(previous ? { previous: previous.id } : {}),
    plannedSources: plan.sources,
    commands: [...handCommands(plan, id, entries)],
  };
  for (const { fact } of manifest.flags)
    warn(
      context,
      warnings,
      `${fact}: the point is stored and flagged, and nothing is pruned until somebody marks it 'accept'`,
    );
  context.report.step("manifest", `publishing recovery point ${id}`);
  await lease.check();
  await writeManifest(context, store, plan.repository, manifest);
  return { kind: "backup", manifest, removedLeftovers, warnings };
};

/** The snapshot of a database is taken before the first file is read, so files may be newer than rows, never older. */
const databaseFirst = (sources: readonly Source[]): readonly Source[] =>
  [...sources].sort((a, b) => Number(a.kind === "files") - Number(b.kind === "files"));

/** Ids sort in the order of points, also when two are begun within a second or a clock was set back a little. */
const nextId = (context: Context, begun: Date, previous: Manifest | undefined): string => {
  const after = previous ? pointTime(previous.id).getTime() + 1_000 : 0;
  return newPointId(new Date(Math.max(begun.getTime(), after)), context.random(0x10000));
};

const describe = (source: Source): string =>
  source.kind === "postgres"
    ? `database '${source.database}' of ${source.host}:${source.port}`
    : `files of ${source.directory}`;

const warn = (context: Context, warnings: string[], text: string): void => {
  context.report.warning(text);
  warnings.push(text);
};

/** A writer that may not delete leaves the leftovers of killed runs to the pruner. */
const onlyIfRefused =
  (warnings: string[]) =>
  (error: unknown): number => {
    if (!(error instanceof JobError) || error.code !== "too-few-rights") throw error;
    warnings.push("leftovers of earlier runs stay until the next prune: this identity may not delete");
    return 0;
  };
