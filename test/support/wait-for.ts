import { setTimeout as pause } from "node:timers/promises";

/**
 * Asks `condition` until it answers with something, and returns that. Throws after `seconds` (default 30) with `what`
 * and the last error that `condition` threw, if it threw.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  { seconds = 30, every = 50 }: { readonly seconds?: number; readonly every?: number } = {},
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let cause: unknown;
  do {
    try {
      const answer = await condition();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await pause(every);
  } while (performance.now() < deadline);
  throw new Error(`waited ${seconds} s in vain for: ${what}${cause ? ` (${cause})` : ""}`, { cause });
}
