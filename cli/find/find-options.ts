import type { Command } from "commander";

/** How a command is told which plan is meant. */
export interface FindOptions {
  readonly stack?: string;
  readonly cwd?: string;
  readonly configFile?: string;
  readonly plan?: string;
  readonly repository?: string;
  readonly environment?: string;
  readonly publicKey?: readonly string[];
  readonly target?: string;
  readonly ledger?: string;
  readonly identity?: string;
  readonly json?: boolean;
}

const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** The options that every command has. */
export const withFindOptions = (command: Command): Command =>
  command
    .optionsGroup("Which plan, from a Pulumi stack:")
    .option("--stack <name>", "the Pulumi stack (default: the selected one)")
    .option("--cwd <directory>", "the Pulumi project (default: this directory)")
    .option("--config-file <file>", "the stack's config file (default: Pulumi's own choice)")
    .option("--plan <name>", "the plan, where there are several")
    .optionsGroup("Which plan, without any Pulumi state:")
    .option("--repository <place>", "s3://bucket/prefix?endpoint=…&region=…, or a directory")
    .option("--environment <name>", "whose recovery points (with --repository)")
    .option("--public-key <base64>", "a key whose signatures are believed; may be repeated", several)
    .option("--target <file>", "a plan in JSON: what to back up, or to restore onto")
    .option("--ledger <directory>", "where restores are recorded, without --target")
    .optionsGroup("Both:")
    .option("--identity <file>", "an age private key of one of the recipients (default: $RESTORABLE_IDENTITY)")
    .option("--json", "print one JSON value on stdout, and nothing else there")
    .optionsGroup("");
