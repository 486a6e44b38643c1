#!/usr/bin/env node
// What a Pulumi Command runs: a Launch on stdin, secrets in the environment, lines for people on stderr, one line of
// JSON on stdout. A restore that failed is a record, not an exit code: Pulumi would run the Command again.
import { text } from "node:stream/consumers";
import {
  type BackupLaunch,
  type BucketJob,
  ERROR_CODES,
  exitCode,
  JobError,
  launch as launchSchema,
  parse,
  type RestoreLaunch,
} from "../spec/index.ts";
import { interruption } from "./interruption.ts";
import { localWorld } from "./local/world.ts";
import { worldOn } from "./on-target.ts";
import { fateText, interruptedText, type Placed } from "./placed.ts";
import { progressLines } from "./progress-lines.ts";
import { restore } from "./restore/restore.ts";
import type { LaunchWorld } from "./restore/world.ts";
import { takeVerified } from "./take-verified.ts";

const write = (line: string) => process.stderr.write(line);
// A reader that went away must not end a restore half way.
process.stderr.on("error", () => undefined);
process.stdout.on("error", () => undefined);

const readLaunch = async () => {
  const input = await text(process.stdin);
  try {
    return parse(launchSchema, JSON.parse(input), "launch");
  } catch (error) {
    if (error instanceof JobError) throw error;
    throw new JobError(
      "bad-spec",
      "what came on stdin is not JSON",
      "this program is run by Pulumi; use `restorable` by hand",
    );
  }
};

const runRestore = async (launch: RestoreLaunch, world: LaunchWorld): Promise<number> => {
  const record = await restore(launch, world);
  process.stdout.write(`${JSON.stringify(record)}\n`);
  return 0;
};

const runBackup = async (launch: BackupLaunch, world: LaunchWorld): Promise<number> => {
  process.stdout.write(`${JSON.stringify(await takeVerified(launch, world))}\n`);
  return 0;
};

const runBucket = async (job: BucketJob, world: LaunchWorld): Promise<number> => {
  const result = await world.runJob(job, { secrets: world.secrets, onProgress: world.report, signal: world.signal });
  if (result.ok) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return 0;
  }
  write(`${result.error.fact}; ${result.error.hint}\n`);
  return ERROR_CODES[result.error.code].exit;
};

const main = async (): Promise<number> => {
  const launch = await readLaunch();
  let last = "it began";
  let job: Placed | undefined;
  const lines = progressLines(write);
  const goOn = launch.kind === "restore" ? ` Go on with: restorable resume ${launch.request.id}` : "";
  const { signal } = interruption(
    (name) => write(`${interruptedText(name, job)}\n`),
    (name) => {
      const placed = job === undefined ? "a step that runs goes on by itself" : fateText(job);
      write(`${name}: left at '${last}'; ${placed}.${goOn}\n`);
      process.exit(130);
    },
  );
  const report: LaunchWorld["report"] = (progress) => {
    if (progress.type === "step") last = progress.text;
    lines(progress);
  };
  const options = { secrets: process.env, report, signal };
  if (launch.kind === "bucket") return runBucket(launch.job, localWorld(options));
  if (launch.kind === "backup") return runBackup(launch, worldOn(launch.plan, options));
  const onPlaced = (now: Placed | undefined) => {
    job = now;
  };
  return runRestore(launch, worldOn(launch.plan, { ...options, onPlaced }));
};

try {
  process.exitCode = await main();
} catch (error) {
  write(`${error instanceof JobError ? `${error.fact}; ${error.hint}` : String(error)}\n`);
  process.exitCode = exitCode(error);
}
