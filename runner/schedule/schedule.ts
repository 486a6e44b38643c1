import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  exitCode,
  JobError,
  neededSecrets,
  parse,
  SCHEDULE_FILE,
  type SchedulerFile,
  SECRETS_FILE,
  type SecretsFile,
  STATE_FILE,
  schedulerFile,
  secretsFile,
} from "../../spec/index.ts";
import { failed } from "../world/failed.ts";
import { interruption } from "../world/interruption.ts";
import { ndjsonReporter } from "../world/reporter.ts";
import { options } from "./arguments.ts";
import { childRunner } from "./child.ts";
import { containerView, networkWatch } from "./network.ts";
import { runScheduler } from "./scheduler.ts";
import { saveState } from "./state-file.ts";

const MAIN = path.resolve(import.meta.dirname, `../main${path.extname(import.meta.filename)}`);

const now = () => new Date();

/**
 * `schedule [--file FILE] [--secrets FILE] [--state FILE]`: runs a plan by its schedule until SIGTERM. Results of its
 * jobs go to stdout, one line each; progress goes to stderr as NDJSON.
 * @returns 0 when it was told to stop, otherwise the exit code of what ended it
 */
export const schedule = async (args: readonly string[]): Promise<number> => {
  const started = now();
  try {
    const signal = interruption("the scheduler");
    const files = options(args, { file: SCHEDULE_FILE, secrets: SECRETS_FILE, state: STATE_FILE });
    const { plan } = parse(schedulerFile, readJson(files.file), "schedule");
    const { secrets } = parse(secretsFile, readJson(files.secrets), "secrets");
    refuseMissing(plan, secrets);
    const watch = plan.target.kind === "docker" && plan.target.network.kind === "container";
    const onStderr = (line: string) => void process.stderr.write(`${line}\n`);
    await runScheduler(
      {
        now,
        wait: (milliseconds) => pause(milliseconds, undefined, { signal }).catch(() => undefined),
        random: (below) => randomInt(below),
        runJob: childRunner({
          main: MAIN,
          secrets,
          now,
          onStderr,
          onStdout: (line) => void process.stdout.write(`${line}\n`),
        }),
        report: ndjsonReporter((line) => process.stderr.write(line), now),
        signal,
        save: saveState(files.state),
        network: watch ? networkWatch(containerView) : () => "joined",
      },
      plan,
    );
    return 0;
  } catch (error) {
    process.stdout.write(`${JSON.stringify(failed(error, "schedule", started, now()))}\n`);
    return exitCode(error);
  }
};

/** @throws JobError `bad-spec` */
const readJson = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    // The text of a syntax error may quote what it could not read, which may be a secret.
    const reason = cause instanceof SyntaxError ? "it is not JSON" : String((cause as Error).message);
    throw new JobError("bad-spec", `'${file}' cannot be read: ${reason}`, "write it again, or `pulumi up --refresh`", {
      cause,
    });
  }
};

/** Said at the start, not at night. */
const refuseMissing = (plan: SchedulerFile["plan"], secrets: SecretsFile["secrets"]): void => {
  const names = neededSecrets({ kind: "backup", version: 1, plan }).flatMap((ref) =>
    ref.kind === "env" ? [ref.name] : [],
  );
  const missing = names.filter((name) => !secrets[name]);
  if (missing.length === 0) return;
  throw new JobError("missing-secret", `no value was handed over for ${missing.join(", ")}`, "run `pulumi up` again");
};
