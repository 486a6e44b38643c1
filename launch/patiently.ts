import { setTimeout as pause } from "node:timers/promises";

/** How long, in seconds, a target that went away is waited for: a restart with many containers takes minutes. */
const AWAY = 600;
/** Seconds between two tries to reach it. */
const TRY_EVERY = 1;

/** How errors of a target are told apart. */
export interface Patience {
  /** Whether the target was only not reached. */
  readonly mayPass: (error: unknown) => boolean;
  /** What to throw when it stays away. */
  readonly away: (error: unknown) => unknown;
  /** What to throw when it answered with a refusal. */
  readonly refused: (error: unknown) => unknown;
}

/** Asks again while the target is away. */
export const patiently = async <T>({ mayPass, away, refused }: Patience, ask: () => Promise<T>): Promise<T> => {
  for (let waited = 0; ; waited += TRY_EVERY) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error)) throw refused(error);
      if (waited >= AWAY) throw away(error);
      await pause(TRY_EVERY * 1000);
    }
  }
};
