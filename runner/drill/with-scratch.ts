import type { DrillJob, Manifest, PostgresEntry } from "../../spec/index.ts";
import { JobError } from "../../spec/index.ts";
import { type Context, withSignal } from "../context.ts";
import type { DrillScratch } from "./rehearse.ts";
import { takeDirectory } from "./scratch-directory.ts";
import { scratchSource } from "./scratch-plan.ts";
import { type ScratchServer, takeServer } from "./scratch-server.ts";

/**
 * Takes the scratch for one drill and empties it whatever happens.
 * @throws JobError as `takeDirectory` and `takeServer`; `bad-config` for a database without a server
 */
export const withScratch = async <T>(
  context: Context,
  job: DrillJob,
  manifest: Manifest,
  work: (context: Context, scratch: DrillScratch) => Promise<T>,
): Promise<T> => {
  const directory = await takeDirectory(context, job.scratch.directory);
  return finallyEmptied(context, directory, async () => {
    const server = await serverFor(context, job, manifest);
    if (!server) return work(context, { directory });
    const held = withSignal(context, AbortSignal.any([context.signal, server.lost]));
    return finallyEmptied(context, server, () => work(held, { directory, server }));
  });
};

const serverFor = async (context: Context, job: DrillJob, manifest: Manifest): Promise<ScratchServer | undefined> => {
  const entries = manifest.sources.filter((entry): entry is PostgresEntry => entry.kind === "postgres");
  if (entries.length === 0) return undefined;
  if (job.scratch.postgres) return takeServer(context, scratchSource(job, "scratch", 0), entries);
  throw new JobError(
    "bad-config",
    `point ${manifest.id} holds the database(s) ${entries.map(({ name }) => `'${name}'`).join(", ")}, and the drill has no scratch server`,
    "name a PostgreSQL server that holds nothing; nothing was touched",
  );
};

/** Also when the job was told to stop. What the work failed with counts more than what was left. */
const finallyEmptied = async <T>(
  context: Context,
  scratch: { readonly remove: (context: Context) => Promise<void> },
  work: () => Promise<T>,
): Promise<T> => {
  const tidying = withSignal(context, new AbortController().signal);
  let done: T;
  try {
    done = await work();
  } catch (error) {
    await scratch.remove(tidying).catch((reason) => context.report.warning(`scratch was not emptied: ${reason}`));
    throw error;
  }
  await scratch.remove(tidying);
  return done;
};
