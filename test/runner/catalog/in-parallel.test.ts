import { expect, test } from "vitest";
import { inParallel } from "../../../runner/catalog/in-parallel.ts";

test("results come in the order of the items, and never more than the width are on their way", async () => {
  let running = 0;
  let most = 0;
  const results = await inParallel(3, [5, 1, 4, 2, 3], async (turns) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    running -= 1;
    return turns * 10;
  });
  expect([results, most]).toEqual([[50, 10, 40, 20, 30], 3]);
});

test("the first error is thrown when everything that was begun has ended, and nothing more is begun", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const events: string[] = [];
  const all = inParallel(2, ["slow", "wrong", "never"], async (item) => {
    events.push(`${item} begins`);
    if (item === "wrong") throw new Error("first");
    await held;
    events.push(`${item} ends`);
    throw new Error("second");
  }).catch((error: Error) => events.push(error.message));
  await new Promise((resolve) => setImmediate(resolve));
  release();
  await all;
  expect(events).toEqual(["slow begins", "wrong begins", "slow ends", "first"]);
});
