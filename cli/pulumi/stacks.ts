import type { Request } from "../../spec/index.ts";

/** Which Pulumi stack, and where its project is. */
export interface StackChoice {
  /** @default the selected one */
  readonly stack?: string | undefined;
  /** The project's directory. @default where the command runs */
  readonly cwd?: string | undefined;
  /** @default the one that Pulumi takes by itself */
  readonly configFile?: string | undefined;
}

/** A stack as its state shows it, secrets in clear: it never leaves this process. */
export interface StackState {
  readonly stack: string;
  readonly resources: readonly StateResource[];
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What the CLI does with Pulumi. */
export interface Stacks {
  /** @throws JobError `bad-config` when there is no such project or stack, or Pulumi cannot read it */
  readonly read: (choice: StackChoice) => Promise<StackState>;
  /** Writes the request into the stack's config, in place of the one that is there. */
  readonly writeRequest: (choice: StackChoice, request: Request) => Promise<void>;
  /** Runs `pulumi up` for the restores of the stack only, with `env` added; `onLine` gets what it says. Resolves to whether it succeeded. */
  readonly upRestore: (
    choice: StackChoice,
    env: Readonly<Record<string, string>>,
    onLine: (line: string) => void,
  ) => Promise<boolean>;
}
