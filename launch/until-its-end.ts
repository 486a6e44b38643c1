import { JobError, type Result } from "../spec/index.ts";
import type { OnPlaced, Placed } from "./placed.ts";

/** What a target knows of a job that was placed on it. */
export interface Attended {
  readonly onPlaced: OnPlaced;
  readonly follow: () => Promise<Result>;
  /** Takes it away after its last word. */
  readonly remove: () => Promise<void>;
  /** Takes away one that has not said its last word, and may run: when this is done it does not any more. */
  readonly end: () => Promise<void>;
  /** Takes away what was made for a job that came to nothing. */
  readonly unmake: () => Promise<void>;
}

/** Follows a job until its result is there, and removes it then; without one it is ended. */
export const untilItsEnd = async (
  placed: Placed,
  { onPlaced, follow, remove, end, unmake }: Attended,
): Promise<Result> => {
  onPlaced(placed);
  try {
    const result = await follow().catch(async (error: unknown) => {
      // Where its target stays away the job may go on, and has to stay for `restorable attach`.
      if (!(error instanceof JobError && error.code === "engine-unreachable")) await end();
      throw error;
    });
    await remove();
    if (!result.ok) await unmake();
    return result;
  } finally {
    onPlaced(undefined);
  }
};
