import { randomInt } from "node:crypto";
import type { Context } from "../../../runner/context.ts";
import { thisProcess } from "../../../runner/world/holder.ts";
import { secretReader } from "../../../runner/world/secrets.ts";

export interface TestContext extends Context {
  readonly warnings: string[];
}

/** A world for one test: real clock unless given, secrets by name, warnings kept. */
export const testContext = (
  secrets: Readonly<Record<string, string>> = {},
  more: Partial<Context> = {},
): TestContext => {
  const warnings: string[] = [];
  return {
    now: () => new Date(),
    signal: new AbortController().signal,
    secret: secretReader(secrets, {}),
    report: { step: () => undefined, progress: () => undefined, warning: (text) => warnings.push(text) },
    env: { PATH: process.env.PATH ?? "" },
    holder: thisProcess(),
    random: (below) => randomInt(below),
    warnings,
    ...more,
  };
};
