import { setTimeout as wait } from "node:timers/promises";

/** Waits some milliseconds; throws the signal's own reason when it is aborted meanwhile. */
export const pause = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
  signal?.throwIfAborted();
  try {
    await wait(milliseconds, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
};
