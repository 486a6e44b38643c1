import { JobError, type Result } from "../spec/index.ts";

interface Placed {
  readonly id: string;
}

/** What a target knows of a job that was placed on it. */
export interface Attended {
  /** Told which job runs now, and when none does any more. */
  readonly onPlaced: (id: string | undefined) => void;
  readonly follow: () => Promise<Result>;
  readonly remove: () => Promise<void>;
  /** Takes away what was made for a job that came to nothing. */
  readonly unmake: () => Promise<void>;
}

/** Follows a job until its result is there, and removes it then. */
export const untilItsEnd = async ({ id }: Placed, { onPlaced, follow, remove, unmake }: Attended): Promise<Result> => {
  onPlaced(id);
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
