import path from "node:path";
import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SecretInputs } from "./render/secrets.ts";

/**
 * What a Command runs: the same text on every machine. Where Node and the launcher are is in the environment, which is
 * no reason to run anything again. The shell stays in between (it would become the launcher if that were all it had to
 * do): a cancelled update kills the shell only, and the launcher still starts the application that it has stopped.
 */
const CREATE = '"$RESTORABLE_NODE" "$RESTORABLE_LAUNCH"; exit $?';

const LAUNCHER = path.resolve(import.meta.dirname, `../launch/main${path.extname(import.meta.filename)}`);

/** Only a changed trigger may run a Command again: not another machine, not a changed password. */
export const ONLY_TRIGGERS = ["create", "environment", "stdin", "dir", "interpreter", "logging"];

/** The inputs of a Command that runs the launcher once for each value of `triggers`. */
export const launcherInputs = (
  launch: pulumi.Input<string>,
  secrets: pulumi.Input<SecretInputs>,
  triggers: readonly pulumi.Input<string>[],
): command.local.CommandArgs => ({
  create: CREATE,
  stdin: launch,
  environment: pulumi.secret(
    pulumi.output(secrets).apply((values) => ({
      ...values,
      RESTORABLE_NODE: process.execPath,
      RESTORABLE_LAUNCH: LAUNCHER,
    })),
  ),
  triggers: [...triggers],
  logging: "stderr",
  // A long record in the environment of the next run would be too long for the kernel.
  addPreviousOutputInEnv: false,
});
