import type { TestContext } from "vitest";

/** Skips the running test and says why. A skip without a reason counts as a failure in `npm test`. */
export function skipBecause(context: TestContext, reason: string): never {
  Object.assign(context.task.meta, { skipReason: reason });
  return context.skip(reason);
}
