import type { Request } from "../../spec/index.ts";
import { pulumi, stackName } from "./pulumi-program.ts";
import type { StackChoice } from "./stacks.ts";

/** Writes a request into a stack's config. Objects can be set whole only in the form that `pulumi config --json` prints. */
export const writeRequest = async (choice: StackChoice, request: Request, here: string): Promise<void> => {
  const entry = { value: JSON.stringify(request), objectValue: request, secret: false };
  const stack = ["--stack", await stackName(choice, here)];
  const file = choice.configFile ? ["--config-file", choice.configFile] : [];
  await pulumi(
    ["config", "set-all", ...stack, "--json", JSON.stringify({ restore: entry }), ...file],
    choice.cwd ?? here,
  );
};
