import type { Check, DrillJob, JobError, Manifest, PostgresSource } from "../../spec/index.ts";
import type { OpenedSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { orphanNote, orphanReports } from "../orphans/report.ts";
import { partOf, swapOf } from "../restore/part-of.ts";
import { isFinding } from "../verify/as-check.ts";
import type { ScratchDirectory } from "./scratch-directory.ts";
import { isRestored, requestFor, type ScratchSource, scratchOf, scratchPlan } from "./scratch-plan.ts";
import type { ScratchServer } from "./scratch-server.ts";

/** Names of orphans that a note keeps. */
const NAMED = 10;

/** What a drill restores to. */
export interface DrillScratch {
  readonly directory: ScratchDirectory;
  /** Present where the point holds a database. */
  readonly server?: ScratchServer;
}

export interface Rehearsed {
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
  /** The first thing that a restore failed with. */
  readonly error?: JobError | undefined;
  /** The scratch databases that were restored, by the names of their sources. */
  readonly databases: ReadonlyMap<string, PostgresSource>;
}

/**
 * Restores every database and every tree of a point into scratch, by what restores them in earnest, and compares each
 * with the manifest. One that fails does not keep the others from being tried.
 */
export const rehearse = async (
  context: Context,
  job: DrillJob,
  manifest: Manifest,
  artifacts: OpenedSource,
  { directory, server }: DrillScratch,
): Promise<Rehearsed> => {
  const entries = manifest.sources.filter(isRestored);
  const sources = entries.map((entry, index) => scratchOf(job, entry, index, directory));
  if (sources.length === 0) return { checks: [], notes: [], databases: new Map() };
  const plan = scratchPlan(job, manifest, sources, directory);
  const done = {
    checks: [] as Check[],
    notes: [] as string[],
    restored: [] as ScratchSource[],
    error: undefined as JobError | undefined,
  };
  const fail = (source: ScratchSource, error: unknown) => {
    if (!isFinding(error)) throw error;
    done.error ??= error;
    done.checks.push({ name: `restore of '${source.name}'`, ok: false, detail: error.fact });
  };
  const at = context.now();
  const parts = [];
  for (const [index, entry] of entries.entries()) {
    const source = sources[index] as ScratchSource;
    const request = requestFor(plan, manifest, source);
    const restorer = partOf(context, { plan, source, entry, request, artifacts, foreign: true, at });
    try {
      const { part, notes } = await restorer.inspect();
      done.notes.push(...notes);
      parts.push({ source, restorer, part });
    } catch (error) {
      fail(source, error); // it reads the roles, which may be damaged as well
    }
  }
  for (const { source, restorer, part } of parts) {
    context.report.step("restoring", `restoring '${source.name}' into scratch`);
    try {
      const { checks, notes } = await restorer.load(part);
      await swapOf(context, plan, part).settle(part, "elsewhere");
      if (source.kind === "postgres") await server?.mark(context, source.database);
      done.checks.push(...checks.map((check) => inItsName(check, source)));
      done.notes.push(...notes);
      done.restored.push(source);
    } catch (error) {
      fail(source, error);
    }
  }
  const restored = done.restored.map(({ name }) => name);
  done.notes.push(...(await orphanReports(context, plan, NAMED, restored)).map(orphanNote));
  const databases = done.restored.filter((source) => source.kind === "postgres");
  return { ...done, databases: new Map(databases.map((source) => [source.name, source])) };
};

/** Nobody knows what the scratch database was called. */
const inItsName = (check: Check, source: ScratchSource): Check => ({
  ...check,
  name: source.kind === "postgres" ? check.name.replaceAll(source.database, source.name) : check.name,
});
