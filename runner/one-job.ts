import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { ERROR_CODES, exitCode, type Failure, JobError, job as jobSchema, parse, type Success } from "../spec/index.ts";
import type { Context } from "./context.ts";
import { runJob } from "./run-job.ts";
import { childEnvironment } from "./world/child-environment.ts";
import { failed } from "./world/failed.ts";
import { thisProcess } from "./world/holder.ts";
import { interruption } from "./world/interruption.ts";
import { ndjsonReporter } from "./world/reporter.ts";
import { secretReader } from "./world/secrets.ts";

const now = () => new Date();

/** Line 1: the job. Line 2, if any: the secrets it names. `--file PATH` takes the job from a file instead. */
const readInput = async (args: readonly string[]): Promise<{ job: unknown; secrets: Record<string, string> }> => {
  const [first = "", second] =
    args[0] === "--file" ? [readFileSync(String(args[1]), "utf8")] : (await text(process.stdin)).split("\n");
  try {
    const secrets = second?.trim() ? (JSON.parse(second) as { secrets?: Record<string, string> }).secrets : undefined;
    return { job: JSON.parse(first), secrets: secrets ?? {} };
  } catch {
    throw new JobError("bad-spec", "what came on stdin is not a job in JSON", "give the job as one line of JSON");
  }
};

/**
 * Runs one job: from stdin, or from the file after `--file`. Prints its result as one line of JSON on stdout.
 * @returns the exit code
 */
export const oneJob = async (args: readonly string[]): Promise<number> => {
  const started = now();
  let kind = "unknown";
  try {
    const signal = interruption("the job");
    const input = await readInput(args);
    const job = parse(jobSchema, input.job, "job");
    kind = job.kind;
    const context: Context = {
      now,
      signal,
      secret: secretReader(input.secrets, process.env),
      report: ndjsonReporter((line) => process.stderr.write(line), now),
      env: childEnvironment(process.env),
      holder: thisProcess(),
      random: (below) => randomInt(below),
    };
    const result = await runJob(context, job);
    return print(result, exitOf(result));
  } catch (error) {
    return print(failed(error, kind, started, now()), exitCode(error));
  }
};

/** A drill that found something is recorded, and fails all the same: whoever started it must see that. */
const exitOf = (result: Success): number =>
  result.kind === "drill" && result.error ? ERROR_CODES[result.error.code].exit : 0;

/** Waits until the line is out. */
const print = (result: Success | Failure, code: number): Promise<number> =>
  new Promise((resolve) => process.stdout.write(`${JSON.stringify(result)}\n`, () => resolve(code)));
