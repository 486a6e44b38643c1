import { type Command, Option } from "commander";
import { coloniesResultOf, JobError, type Manifest, type Repository } from "../spec/index.ts";
import type { Outcome } from "./command.ts";

/** The option of commands that may answer like an older tool. */
export interface AsOlder {
  readonly as?: "colonies";
}

export const withAsOlder = (command: Command): Command =>
  command.addOption(
    new Option("--as <tool>", "print what this tool's own backup prints, as JSON, and nothing else").choices([
      "colonies",
    ]),
  );

/**
 * A point in the words of Colonies' backup executor.
 * @throws JobError `bad-config` for one that is stored in another layout, or in no bucket
 */
export const olderResult = (manifest: Manifest, { location }: Repository): Outcome => {
  const json = location.kind === "s3" ? coloniesResultOf(manifest, location.bucket, location.prefix) : undefined;
  if (json) return { json, text: `${JSON.stringify(json, undefined, 4)}\n` };
  throw new JobError(
    "bad-config",
    `point ${manifest.id} has no object in a bucket that is named as Colonies names its dumps`,
    "give the plan `layout: { colonies: {} }`, and take a point; without --as every point is shown",
  );
};
