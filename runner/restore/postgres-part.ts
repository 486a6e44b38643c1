import { text } from "node:stream/consumers";
import {
  type JournalPart,
  modeOf,
  type PostgresEntry,
  type PostgresSource,
  pickedTables,
  recreatedClaims,
} from "../../spec/index.ts";
import { loadArtifact } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { assumedGlobals } from "../old/assumed-globals.ts";
import { checkTarget, type RestoreMode, targetNotes } from "../postgres/check-target.ts";
import { compareCounts, recordCounts } from "../postgres/compare-counts.ts";
import { adminOf, clientEnv } from "../postgres/connect.ts";
import { type Globals, parseGlobals } from "../postgres/globals.ts";
import { inspectTarget, type TargetFacts } from "../postgres/inspect-target.ts";
import { lockTarget } from "../postgres/lock.ts";
import { besideName, supersededName } from "../postgres/names.ts";
import { neutralise } from "../postgres/neutralise.ts";
import { propertyStatements, withKnownRoles } from "../postgres/properties.ts";
import { replayProperties } from "../postgres/replay-properties.ts";
import { type RestoreRequest, restoreBeside } from "../postgres/restore-beside.ts";
import { restoreInPlace } from "../postgres/restore-in-place.ts";
import { restartWorkers } from "../postgres/swap.ts";
import { untilReachable } from "../postgres/until-reachable.ts";
import { refuseOldServer, refuseToLose } from "./empty-server.ts";
import { artifactOf, openDump } from "./open-dump.ts";
import { inspectTables, settleTables } from "./picked-tables.ts";
import type { Outcome, PartRequest, RestorePart } from "./restore-part.ts";
import { removeScratch } from "./scratch.ts";

type Part = Extract<JournalPart, { kind: "postgres" }>;
type Ask = PartRequest<PostgresSource, PostgresEntry>;

/** How a restore treats one database. */
export const postgresPart = (context: Context, ask: Ask): RestorePart<Part> => ({
  inspect: () => inspect(context, ask),
  load: (part) => locked(context, ask, part, (inside) => loadBeside(inside, ask, part)),
  hookEnvironment: (part) => clientEnv(context, ask.source, adminOf(ask.source), part.beside),
  replaceInPlace: async (part) => {
    // Its server may have a new volume, and make its cluster of databases there.
    if (part.server !== undefined) await untilReachable(context, ask.source, [part.live]);
    return locked(context, ask, part, (inside) => overwrite(inside, ask, part));
  },
});

const inspect = async (context: Context, ask: Ask): Promise<{ part: Part; notes: readonly string[] }> => {
  const { source, entry, request, at } = ask;
  const mode: RestoreMode = modeOf(request);
  const wanted = request.into.database ?? source.database;
  const target = await inspectTarget(context, source, wanted);
  const tables = pickedTables(request.only);
  const dump = artifactOf(entry, "dump");
  if (tables) inspectTables(ask, tables, dump);
  // Single tables may need neither the room of all nor any extension; what they do need, pg_restore says.
  const needed = tables && dump.format !== "sql" ? { ...entry, extensions: [], databaseBytes: 0 } : entry;
  const [worst] = checkTarget(needed, target, mode);
  if (worst) throw worst;
  const isEmptied = recreatedClaims(request).length > 0;
  const server = isEmptied ? await refuseToLose(context, ask, target) : undefined;
  const properties = target.live?.properties ?? knownProperties(target, await readGlobals(context, ask));
  const taken = target.databases;
  const part: Part = {
    kind: "postgres",
    source: source.name,
    live: source.database,
    beside: mode === "elsewhere" ? wanted : besideName(source.database, at, taken),
    superseded: supersededName(source.database, at, taken),
    existed: mode !== "elsewhere" && target.live !== undefined,
    properties: [...propertyStatements(properties, wanted)],
    ...(server === undefined ? {} : { server }),
  };
  return { part, notes: targetNotes(entry, target) };
};

/** Roles that are missing will be made where the admin may do that; otherwise what names them is left out. */
const knownProperties = ({ admin }: TargetFacts, { properties }: Globals) => ({
  ...withKnownRoles(properties, (role) => admin.createRole || admin.memberOf.has(role), admin.user),
  allowConnections: true,
  template: false,
});

const loadBeside = (context: Context, ask: Ask, part: Part): Promise<Outcome> =>
  withArchive(context, ask, part, part.beside, (request) => restoreBeside(context, ask.source, request));

const overwrite = async (context: Context, ask: Ask, part: Part): Promise<Outcome> => {
  refuseOldServer(ask, await inspectTarget(context, ask.source, part.live), part.server);
  const outcome = await withArchive(context, ask, part, part.live, (request) =>
    restoreInPlace(context, ask.source, request),
  );
  await replayProperties(context, ask.source, part.live, part.properties);
  await restartWorkers(context, ask.source, part.live);
  return outcome;
};

const withArchive = async (
  context: Context,
  ask: Ask,
  part: Part,
  database: string,
  restore: (request: RestoreRequest) => Promise<readonly string[]>,
): Promise<Outcome> => {
  const { source, entry, plan, foreign } = ask;
  const target = await inspectTarget(context, source, part.live);
  const globals = await readGlobals(context, ask);
  try {
    const { archive, list } = await openDump(context, ask, target);
    const owner = target.live?.properties.owner;
    const notes = await restore({
      entry,
      globals,
      target,
      archive,
      database,
      ...(owner === undefined ? {} : { owner }),
      ...(ask.old ? { named: ask.old.roles } : {}),
    });
    const neutralised = foreign ? await neutralise(context, source, database) : [];
    context.report.step("compared", `counting the rows of ${database}`);
    const tables = pickedTables(ask.request.only);
    if (tables) {
      const settled = await settleTables(context, ask, database, tables, list);
      return { checks: settled.checks, notes: [...notes, ...neutralised, ...settled.notes] };
    }
    const count = ask.old ? recordCounts : compareCounts;
    return { checks: await count(context, source, database, entry), notes: [...notes, ...neutralised] };
  } finally {
    await removeScratch(plan);
  }
};

const readGlobals = async (context: Context, { artifacts, entry, source, old }: Ask): Promise<Globals> => {
  if (old) return assumedGlobals(context, source);
  let sql = "";
  const output = async (stdout: NodeJS.ReadableStream) => {
    sql = await text(stdout);
  };
  await loadArtifact(context, artifacts, artifactOf(entry, "globals"), [], { output });
  return parseGlobals(sql);
};

/** Holds the target's advisory lock, so that two machines with ledgers of their own cannot meet in one database. */
export const locked = async <T>(
  context: Context,
  { source }: { source: PostgresSource },
  part: Part,
  work: (context: Context) => Promise<T>,
): Promise<T> => {
  const lock = await lockTarget(context, source, part.live);
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, lock.lost]) });
  } finally {
    await lock.release();
  }
};
