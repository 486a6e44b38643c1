import { CommandError, LocalWorkspace, Stack } from "@pulumi/pulumi/automation/index.js";
import { execa } from "execa";
import { JobError, type Request } from "../../spec/index.ts";
import type { StackChoice, Stacks } from "./stacks.ts";
import { stateResources } from "./state.ts";

/** A narrowed run takes what belongs to a restore: its Command, its record, and the component around them. */
const RESTORES = ["**restorable:index:Restore**"];

/**
 * The stream of events holds what the SDK says for its own debugging, with every secret of the program in clear. Its
 * type does not name that severity.
 */
const SILENT: ReadonlySet<string> = new Set(["debug"]);

/** Pulumi by its Automation API; the `pulumi` program must be on the PATH. */
export const automationStacks = (cwd: string): Stacks => ({
  read: (choice) =>
    asking(choice, async () => {
      const stack = await select(choice, cwd);
      const { deployment } = await stack.exportStack();
      return { stack: stack.name, resources: stateResources(deployment) };
    }),
  writeRequest: (choice, request) =>
    asking(choice, async () => {
      const stack = await select(choice, cwd);
      const args = ["config", "set-all", "--stack", stack.name, "--json", await configJson(stack, request)];
      if (choice.configFile) args.push("--config-file", choice.configFile);
      // The Automation API's own call knows no other config file.
      await execa("pulumi", [...args, "--non-interactive"], { cwd: stack.workspace.workDir });
    }),
  upRestore: async (choice, env, onLine) => {
    const stack = await asking(choice, () => select(choice, cwd));
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
  },
});

const select = async ({ stack, cwd }: StackChoice, here: string): Promise<Stack> => {
  const workspace = await LocalWorkspace.create({ workDir: cwd ?? here });
  const name = stack ?? (await workspace.stack())?.name;
  if (name === undefined) {
    throw new JobError("bad-config", "no stack is selected", "give --stack NAME, or run `pulumi stack select`");
  }
  return Stack.select(name, workspace);
};

/** Objects in config can be set whole only in the form that `pulumi config --json` prints. */
const configJson = async (stack: Stack, request: Request): Promise<string> => {
  const { name } = await stack.workspace.projectSettings();
  const entry = { value: JSON.stringify(request), objectValue: request, secret: false };
  return JSON.stringify({ [`${name}:restore`]: entry });
};

/** Turns what Pulumi says into one sentence with a way on. */
const asking = async <T>({ stack }: StackChoice, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof JobError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    if (/^code: -2$|ENOENT/m.test(text)) throw missingPulumi(cause);
    const reason = /error: (.*)/.exec(text)?.[1] ?? text.split("\n")[0];
    throw new JobError(
      "bad-config",
      `Pulumi cannot read ${stack === undefined ? "the selected stack" : `stack '${stack}'`}: ${reason}`,
      "run this in the Pulumi project with --stack NAME, or name the repository itself with --repository",
      { cause },
    );
  }
};

const missingPulumi = (cause: unknown): JobError =>
  new JobError(
    "missing-tool",
    "the program 'pulumi' is not on the PATH",
    "install it, or name the repository itself with --repository, which needs no Pulumi",
    { cause },
  );

/** Pulumi marks colours in its messages as `<{%fg 1%}>`. */
const plainText = (message: string): string => message.replace(/<\{%[^%]*%\}>/g, "").trimEnd();
