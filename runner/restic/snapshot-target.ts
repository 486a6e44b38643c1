import { isIncremental, JobError, type Manifest, type Plan } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Store } from "../store/store.ts";
import { ensureRepository, keepPassword } from "./ensure-repository.ts";
import { openRestic } from "./restic-repository.ts";
import { removeStaleLocks } from "./stale-locks.ts";
import type { SnapshotTarget } from "./store-snapshot.ts";

/** What the incremental sources of a plan share. */
export type Snapshots = Omit<SnapshotTarget, "storeStream">;

/**
 * Makes the plan's restic repository ready for a backup; undefined where no source is stored incrementally.
 * @throws JobError `bad-config` without a password, and what restic says
 */
export const snapshotTarget = async (
  context: Context,
  plan: Plan,
  store: Store,
  previous: Manifest | undefined,
): Promise<Snapshots | undefined> => {
  if (!plan.sources.some(isIncremental)) return undefined;
  const password = filesPassword(context, plan);
  const repository = await openRestic(store, password);
  await ensureRepository(context, store, repository);
  await keepPassword(store, password, plan.recipients, previous);
  await removeStaleLocks(context, store);
  return { plan: plan.name, repository, password };
};

const filesPassword = (context: Context, { name, repository }: Plan): string => {
  if (repository.filesPassword) return context.secret(repository.filesPassword);
  throw new JobError(
    "bad-config",
    `plan '${name}' stores files incrementally, and its repository has no password for them`,
    "declare it anew with `pulumi up`, which makes one, or give `filesPassword`",
  );
};
