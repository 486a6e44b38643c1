import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { JobError } from "../../spec/index.ts";
import type { Descriptors } from "./descriptors.ts";
import type { Invocation } from "./invocation.ts";

export interface Finished {
  readonly file: string;
  readonly exit: number;
  readonly stderr: string;
}

/**
 * Whose fault a failure is. `own`: this stage's. `unsure`: it exited by itself, but we had told it to stop, or it was
 * already gone when we did. `other`: its reader went away, or our signal ended it.
 */
export type Blame = "own" | "unsure" | "other";

export type StageEnd =
  | { readonly finished: Finished }
  | { readonly error: unknown; readonly blame: Blame; readonly finished?: never };

/** One process of a pipeline. */
export interface Stage {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  /** Never rejects. */
  readonly ended: Promise<StageEnd>;
  /** SIGTERM, then SIGKILL. */
  readonly stop: () => void;
}

export interface StageOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: "ignore" | "pipe" | Readable;
  readonly stdout: "ignore" | "pipe";
  readonly descriptors: Descriptors;
  /** Called when the stage failed before its end, so that the others can be stopped. */
  readonly onFault: () => void;
}

/** Lines of stderr that are kept for an error message. */
const KEPT_LINES = 20;
/** Time between SIGTERM and SIGKILL, in milliseconds. */
const GRACE = 5_000;
/** What programs say when their reader has gone; Node joins them by sockets, which also reset. */
const BROKEN_PIPE = /broken pipe|connection reset by peer/i;

/** What the callbacks of an invocation threw; they run inside event handlers, where nobody would catch it. */
export class Fault {
  error: unknown;
  found = false;
  #onFound: () => void;

  constructor(onFound: () => void) {
    this.#onFound = onFound;
  }

  /** The same callback, that never throws. */
  guard(call: ((line: string) => void) | undefined): (line: string) => void {
    return (line) => {
      try {
        if (!this.found) call?.(line);
      } catch (error) {
        this.error = error;
        this.found = true;
        this.#onFound();
      }
    };
  }
}

/** Starts a process. A program that cannot be started is a stage that has ended already. */
export const startStage = (invocation: Invocation, options: StageOptions, fault: Fault): Stage => {
  const { env, stdin, stdout, descriptors } = options;
  const spawning: SpawnOptions = {
    cwd: invocation.cwd,
    env: { ...env, ...invocation.env },
    stdio: [stdin, stdout, "pipe", ...descriptors.fds],
  };
  try {
    return running(spawn(invocation.file, [...invocation.args], spawning), invocation, options, fault);
  } catch (cause) {
    const error = cannotStart(invocation, cause as NodeJS.ErrnoException);
    queueMicrotask(options.onFault);
    return {
      stdin: undefined,
      stdout: undefined,
      ended: Promise.resolve({ error, blame: "own" as const }),
      stop: () => undefined,
    };
  } finally {
    descriptors.release();
  }
};

const running = (child: ChildProcess, invocation: Invocation, options: StageOptions, fault: Fault): Stage => {
  let [stopped, isClosed] = [false, false];
  const kept: string[] = [];
  const onErrorLine = fault.guard(invocation.onErrorLine);
  if (child.stderr) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      kept.push(line.length > 2_000 ? `${line.slice(0, 2_000)}…` : line);
      if (kept.length > KEPT_LINES) kept.shift();
      onErrorLine(line);
    });
  }
  const closed = new Promise<StageEnd>((resolve) => {
    child.once("error", (cause) => resolve({ error: cannotStart(invocation, cause), blame: "own" as const }));
    child.once("close", (code, signal) => {
      isClosed = true;
      const exit = code ?? 128 + (signal ? constants.signals[signal] : 0);
      const stderr = [...kept, ...(signal ? [`ended by ${signal}`] : [])].join("\n");
      resolve(judge({ file: invocation.file, exit, stderr }, invocation, blame(stderr, signal, stopped)));
    });
  });
  return {
    stdin: child.stdin ?? undefined,
    stdout: child.stdout ?? undefined,
    ended: settled(closed, options, fault),
    stop: () => {
      if (isClosed) return;
      stopped ||= isRunning(child);
      stopChild(child);
    },
  };
};

/** The last index line may come after the process has gone. */
const settled = async (
  closed: Promise<StageEnd>,
  { descriptors, onFault }: StageOptions,
  fault: Fault,
): Promise<StageEnd> => {
  const unread = descriptors.indexRead.then(
    () => undefined,
    (error: unknown) => ({ error, blame: "own" as const }),
  );
  const end = await closed;
  // Whose reader went away follows another failure, which is about to be seen and must not be mistaken for our own stop.
  if ("error" in end) setTimeout(onFault, end.blame === "other" ? GRACE : 0).unref();
  const failure = await unread;
  return fault.found ? { error: fault.error, blame: "own" as const } : (failure ?? end);
};

const blame = (stderr: string, signal: NodeJS.Signals | null, stopped: boolean): Blame => {
  if (BROKEN_PIPE.test(stderr) || signal === "SIGPIPE") return "other";
  if (!stopped) return "own";
  return signal === "SIGTERM" || signal === "SIGKILL" ? "other" : "unsure";
};

const judge = (finished: Finished, invocation: Invocation, blame: Blame): StageEnd => {
  const { file, exit, stderr } = finished;
  if ((invocation.okExits ?? [0]).includes(exit)) return { finished };
  const said = stderr.split("\n").slice(-5).join(" | ") || "it said nothing";
  try {
    const plain = () =>
      new JobError(
        "process-failed",
        `${file} ended with exit code ${exit}: ${said}`,
        "mend what it says and run again",
      );
    return { error: invocation.explain?.(exit, stderr) ?? plain(), blame };
  } catch (error) {
    return { error, blame: "own" as const };
  }
};

const cannotStart = ({ file, cwd }: Invocation, cause: NodeJS.ErrnoException): Error => {
  if (cause.code === "ENOENT" && cwd !== undefined && !existsSync(cwd)) {
    return new JobError("missing-directory", `the directory '${cwd}' does not exist`, "make it and run again", {
      cause,
    });
  }
  if (cause.code === "ENOENT") {
    const fact = `the program '${file}' is not on this machine's PATH`;
    return new JobError("missing-tool", fact, "install it and run again", { cause });
  }
  if (cause.code === "EACCES") {
    const fact = `the program '${file}' may not be executed by this user`;
    return new JobError("missing-tool", fact, "look at its permissions and run again", { cause });
  }
  return cause;
};

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** A process of the child's own may hold its pipes open after the child has gone; they are let go of in the end. */
const stopChild = (child: ChildProcess): void => {
  if (isRunning(child)) child.kill("SIGTERM");
  const timer = setTimeout(() => {
    child.kill("SIGKILL");
    for (const stream of child.stdio) stream?.destroy();
  }, GRACE);
  timer.unref();
  child.once("close", () => clearTimeout(timer));
};
