import { execa } from "execa";
import { JobError } from "../../spec/index.ts";
import type { StackChoice, StackState } from "./stacks.ts";
import { stateResources } from "./state.ts";

/** Runs the `pulumi` program in a project's directory; answers with what it printed. */
export const pulumi = async (args: readonly string[], cwd: string): Promise<string> =>
  (await execa("pulumi", [...args, "--non-interactive"], { cwd })).stdout;

/**
 * The name of the stack that is meant.
 * @throws JobError `bad-config` where none is named and none is selected
 */
export const stackName = async ({ stack, cwd }: StackChoice, here: string): Promise<string> => {
  if (stack !== undefined) return stack;
  const selected = await pulumi(["stack", "--show-name"], cwd ?? here).catch((error: Error) => {
    if (/no stack selected/.test(error.message)) return "";
    throw error;
  });
  if (selected !== "") return selected;
  throw new JobError("bad-config", "no stack is selected", "give --stack NAME, or run `pulumi stack select`");
};

/**
 * A stack's state. By the program itself: Pulumi's Automation API takes a third of a second to load and runs three
 * programs for it, one of which selects the stack for whoever runs `pulumi` there next.
 */
export const readStack = async (choice: StackChoice, here: string): Promise<StackState> => {
  const stack = await stackName(choice, here);
  const text = await pulumi(["stack", "export", "--show-secrets", "--stack", stack], choice.cwd ?? here);
  return { stack, resources: stateResources(JSON.parse(text).deployment) };
};

/** Turns what Pulumi says into one sentence with a way on. */
export const asking = async <T>({ stack }: StackChoice, work: () => Promise<T>): Promise<T> => {
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
