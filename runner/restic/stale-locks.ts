import { FILES } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Store } from "../store/store.ts";

/** Minutes after which restic itself takes a lock for dead: its holder renews it every five, and ends where it cannot. */
const STALE = 30;

/**
 * Removes locks that nobody renews any more: those of killed runs. By their age on the store's clock alone, not by
 * `restic unlock`: that also asks whether the process of a lock on "this host" lives, and two containers may share a
 * host's name but not its processes, so that it would take away the lock of a prune that is running.
 * @returns how many
 */
export const removeStaleLocks = async (context: Context, store: Store): Promise<number> => {
  const before = new Date((await store.clock()).getTime() - STALE * 60_000);
  let removed = 0;
  for await (const { key, modified } of store.list(`${FILES}locks/`)) {
    context.signal.throwIfAborted();
    if (modified >= before) continue;
    await store.remove(key);
    removed += 1;
  }
  return removed;
};
