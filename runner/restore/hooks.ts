import { execa } from "execa";
import { JobError, type RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Prepared } from "./prepared.ts";

/** Runs the target's own programs against the restored copy, before it becomes the live one: passwords, migrations, scrubbing. */
export const runHooks = async (
  context: Context,
  { plan }: RestoreJob,
  prepared: readonly Prepared[],
): Promise<void> => {
  const env = Object.assign(
    {},
    context.env,
    ...prepared.map(({ restorer, part }) => restorer.hookEnvironment(part)),
  ) as Record<string, string>;
  for (const [file, ...args] of plan.hooks?.afterRestore ?? []) {
    if (file === undefined) continue;
    context.report.step("hooked", `running the hook '${file}' on the restored copy`);
    const done = await execa(file, args, {
      env,
      extendEnv: false,
      reject: false,
      all: true,
      stdin: "ignore",
      cancelSignal: context.signal,
    });
    if (!done.failed) continue;
    context.signal.throwIfAborted();
    const said = done.all?.trim().split("\n").slice(-3).join(" | ") || done.shortMessage;
    throw new JobError(
      "hook-failed",
      `the hook '${file}' failed: ${said}`,
      "mend the hook and ask again under a new id; the live data were not touched",
    );
  }
};
