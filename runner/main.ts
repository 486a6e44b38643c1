#!/usr/bin/env node
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { ERROR_CODES, exitCode, type Failure, JobError, job as jobSchema, parse, type Success } from "../spec/index.ts";
import type { Context } from "./context.ts";
import { runJob } from "./run-job.ts";
import { childEnvironment } from "./world/child-environment.ts";
import { thisProcess } from "./world/holder.ts";
import { ndjsonReporter } from "./world/reporter.ts";
import { secretReader } from "./world/secrets.ts";

const now = () => new Date();
const started = now().toISOString();

const interruption = (): AbortSignal => {
  const controller = new AbortController();
  const stop = (name: string) => () =>
    controller.abort(
      new JobError(
        "interrupted",
        `the job was told to stop by ${name}`,
        "nothing half done is visible; run it again when you want",
      ),
    );
  process.on("SIGINT", stop("SIGINT"));
  process.on("SIGTERM", stop("SIGTERM"));
  process.on("SIGHUP", stop("SIGHUP"));
  return controller.signal;
};

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

const failed = (error: unknown, kind: string): Failure => {
  const known =
    error instanceof JobError
      ? error
      : new JobError("bug", describe(error), "this is a defect of restorable: please report it with this text", {
          cause: error,
        });
  const { code, fact, hint } = known;
  return { version: 1, ok: false, kind, started, finished: now().toISOString(), error: { code, fact, hint } };
};

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

const run = async (): Promise<Success | Failure> => {
  let kind = "unknown";
  try {
    const signal = interruption();
    const input = await readInput(process.argv.slice(2));
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
    return await runJob(context, job);
  } catch (error) {
    process.exitCode = exitCode(error);
    return failed(error, kind);
  }
};

// A reader that went away must not kill the job: what it does is recorded elsewhere as well.
process.stderr.on("error", () => undefined);
process.stdout.on("error", () => undefined);

const result = await run();
if (!result.ok) process.exitCode ||= ERROR_CODES[result.error.code].exit;
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
