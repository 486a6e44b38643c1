import { JobError, type Result } from "../spec/index.ts";
import type { OnPlaced, Placed } from "./placed.ts";

/** What a target knows of a job that was placed on it. */
export interface Attended {
  readonly onPlaced: OnPlaced;
  readonly follow: () => Promise<Result>;
  readonly remove: () => Promise<void>;
  /** Takes away what was made for a job that came to nothing. */
  readonly unmake: () => Promise<void>;
}

/** Follows a job until its result is there, and removes it then. */
export const untilItsEnd = async (placed: Placed, { onPlaced, follow, remove, unmake }: Attended): Promise<Result> => {
  onPlaced(placed);
  try {
    const result = await follow().catch(async (error: unknown) => {
      // Where its target stays away the job may go on, and has to stay for `restorable attach`.
      if (!(error instanceof JobError && error.code === "engine-unreachable")) await remove();
      throw error;
    });
    await remove();
    if (!result.ok) await unmake();
    return result;
  } finally {
    onPlaced(undefined);
  }
};
