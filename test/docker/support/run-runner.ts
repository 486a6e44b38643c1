import { createInterface } from "node:readline";
import { execa } from "execa";
import { type Job, type Progress, type Result, result as resultSchema } from "../../../spec/index.ts";
import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { LABELLED, type Place, program } from "./docker.ts";

/** What every container of a runner gets: nothing that it could misuse. */
export const CONFINED = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--tmpfs", "/tmp"];

export interface ContainerRun {
  /** The container, which stays until its place is removed. */
  readonly container: string;
  readonly ended: Promise<{
    readonly result: Result | undefined;
    readonly exit: number | undefined;
    readonly stderr: string;
  }>;
}

export interface RunOptions {
  /** More arguments of `docker run`. */
  readonly args?: readonly string[];
  readonly onProgress?: (line: Progress) => void;
}

/** Hands a job and its secrets to a runner's container on stdin, the way a launcher on a Docker host does. */
export function startInContainer(
  place: Place,
  job: Job,
  secrets: Readonly<Record<string, string>>,
  { args = [], onProgress = () => undefined }: RunOptions = {},
): ContainerRun {
  const container = place.claim(job.kind);
  const named = ["run", "--interactive", "--name", container, "--network", place.network, ...LABELLED];
  const child = execa(program, [...named, ...CONFINED, ...args, RUNNER_IMAGE], {
    input: `${JSON.stringify(job)}\n${JSON.stringify({ secrets })}\n`,
    reject: false,
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (line.startsWith("{")) onProgress(JSON.parse(line) as Progress);
  });
  const ended = child.then(({ exitCode, stdout, stderr }) => ({
    result: stdout.trim() === "" ? undefined : resultSchema.parse(JSON.parse(stdout)),
    exit: exitCode,
    stderr,
  }));
  return { container, ended };
}
