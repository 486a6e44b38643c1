import { CommandError, LocalWorkspace, Stack } from "@pulumi/pulumi/automation/index.js";
import { asking, stackName } from "./pulumi-program.ts";
import type { Stacks } from "./stacks.ts";

/** A narrowed run takes what belongs to a restore: its Command, its record, and the component around them. */
const RESTORES = ["**restorable:index:Restore**"];

/**
 * The stream of events holds what the SDK says for its own debugging, with every secret of the program in clear. Its
 * type does not name that severity.
 */
const SILENT: ReadonlySet<string> = new Set(["debug"]);

/** Runs `pulumi up` for the restores of a stack, by the Automation API, which tells one event after the other. */
export const upRestore = async (
  here: string,
  ...[choice, env, onLine]: Parameters<Stacks["upRestore"]>
): Promise<boolean> => {
  const stack = await asking(choice, async () => {
    const workspace = await LocalWorkspace.create({ workDir: choice.cwd ?? here });
    // Each of its calls names the stack. To select it, too, would turn the operator's next plain `pulumi up` to it.
    workspace.selectStack = async () => undefined;
    return Stack.select(await stackName(choice, here), workspace);
  });
  // In the engine's environment only: as config it would stay in the stack's file.
  stack.workspace.envVars = { ...stack.workspace.envVars, ...env };
  try {
    await stack.up({
      target: RESTORES,
      suppressOutputs: true,
      onEvent: ({ diagnosticEvent }) => {
        if (diagnosticEvent && !SILENT.has(diagnosticEvent.severity)) onLine(plainText(diagnosticEvent.message));
      },
      ...(choice.configFile ? { configFile: choice.configFile } : {}),
    });
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
};

/** Pulumi marks colours in its messages as `<{%fg 1%}>`. */
const plainText = (message: string): string => message.replace(/<\{%[^%]*%\}>/g, "").trimEnd();
