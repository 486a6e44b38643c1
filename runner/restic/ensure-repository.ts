import { FILES, FILES_PASSWORD_KEY, JobError, type Manifest } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { wrap } from "../crypto/point-identity.ts";
import { runPipeline } from "../process/pipeline.ts";
import type { Store } from "../store/store.ts";
import type { ResticRepository } from "./restic-repository.ts";

/** Makes the restic repository where there is none. The job's lease sees to it that only one does. */
export const ensureRepository = async (context: Context, store: Store, repository: ResticRepository): Promise<void> => {
  if ((await store.size(`${FILES}config`)) !== undefined) return;
  await removeKilledInit(store);
  context.report.step("source", `making the restic repository ${repository.name}`);
  await runPipeline(context, [repository.call(["init", "--json"])]);
};

/** A key without a configuration opens nothing, and restic makes no repository beside it. */
const removeKilledInit = async (store: Store): Promise<void> => {
  try {
    for await (const { key } of store.list(`${FILES}keys/`)) await store.remove(key);
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== "too-few-rights") throw error;
    throw new JobError(
      "too-few-rights",
      `the first backup of files to ${store.name} was killed while it made its restic repository, and its key is in the way: ${error.fact}`,
      "run `restorable prune --confirm`, whose identity may remove it; then run the backup again",
      { cause: error },
    );
  }
};

/**
 * Keeps the password in the repository, encrypted to the recipients, so that it outlives the state of Pulumi. It is
 * written anew when the recipients are others than at the last point: what is encrypted does not tell for whom.
 */
export const keepPassword = async (
  store: Store,
  password: string,
  recipients: readonly string[],
  previous: Manifest | undefined,
): Promise<void> => {
  const same = previous?.identity.recipients.toSorted().join() === recipients.toSorted().join();
  if (same && (await store.size(FILES_PASSWORD_KEY)) !== undefined) return;
  await store.put(FILES_PASSWORD_KEY, await wrap(`${password}\n`, recipients));
};
