import { PassThrough, type Readable, Writable } from "node:stream";
import { pipeline as pump } from "node:stream/promises";
import type { Context } from "../context.ts";
import { type Descriptors, openDescriptors } from "./descriptors.ts";
import type { Invocation } from "./invocation.ts";
import { type Blame, Fault, type Finished, type Stage, type StageEnd, startStage } from "./stage.ts";

export type { Finished } from "./stage.ts";

export interface PipelineOptions {
  /**
   * Feeds the first process; without it, its stdin is empty. It is read to its end also where that process needs less and
   * succeeds, as GNU tar does after the last member: whoever checks the bytes on their way has to see all of them.
   */
  readonly input?: Readable;
  /**
   * Takes the last process's stdout; without it, that is discarded. `succeeded` settles when every process has ended:
   * a consumer that publishes something waits for it, because the end of the bytes is no proof that they are all there.
   * It has to read to the end first. One that returns before the end breaks the pipe, and so fails the pipeline.
   */
  readonly output?: (stdout: Readable, succeeded: Promise<void>) => Promise<void>;
}

/**
 * Runs programs as one pipe. Each hands its bytes to the next by file descriptor, so this process touches only the
 * first input and the last output. It succeeds only if every process does; if one fails the others are stopped.
 * @throws JobError `process-failed` (or what `explain` says) for the process that failed first, not for those that
 *   failed because of it; what the input, the output or a callback threw; or the signal's reason
 */
export const runPipeline = async (
  context: Context,
  invocations: readonly Invocation[],
  options: PipelineOptions = {},
): Promise<readonly Finished[]> => {
  context.signal.throwIfAborted();
  const stages: Stage[] = [];
  const stop = () => {
    for (const stage of stages) stage.stop();
  };
  const faults = invocations.map(() => new Fault(stop));
  const descriptors = await openAll(invocations, faults);
  if (context.signal.aborted) release(descriptors);
  context.signal.throwIfAborted();
  startAll(context, invocations, options, { stages, stop, faults, descriptors });
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    return await settle(context, stages, options, stop);
  } finally {
    context.signal.removeEventListener("abort", stop);
  }
};

const openAll = async (invocations: readonly Invocation[], faults: readonly Fault[]): Promise<Descriptors[]> => {
  const opened: Descriptors[] = [];
  try {
    for (const [index, invocation] of invocations.entries()) {
      opened.push(await openDescriptors(invocation, (faults[index] as Fault).guard(invocation.onIndexLine)));
    }
    return opened;
  } catch (error) {
    release(opened);
    throw error;
  }
};

const release = (descriptors: readonly Descriptors[]): void => {
  for (const each of descriptors) each.release();
};

interface Parts {
  readonly stages: Stage[];
  readonly stop: () => void;
  readonly faults: readonly Fault[];
  readonly descriptors: readonly Descriptors[];
}

/** Without a pause between them: Node begins to read a pipe in its next turn, and then bytes would be lost. */
const startAll = (
  context: Context,
  invocations: readonly Invocation[],
  { input, output }: PipelineOptions,
  { stages, stop, faults, descriptors }: Parts,
): void => {
  let upstream: Readable | undefined;
  invocations.forEach((invocation, index) => {
    const last = index === invocations.length - 1;
    const stage = startStage(
      invocation,
      {
        env: context.env,
        stdin: upstream ?? (index === 0 && input ? "pipe" : "ignore"),
        stdout: last && !output ? "ignore" : "pipe",
        descriptors: descriptors[index] as Descriptors,
        onFault: stop,
      },
      faults[index] as Fault,
    );
    // The child holds its own copy; ours must go, or the writer would never see that its reader died.
    upstream?.destroy();
    upstream = last ? undefined : stage.stdout;
    stages.push(stage);
  });
};

const settle = async (
  context: Context,
  stages: readonly Stage[],
  { input, output }: PipelineOptions,
  stop: () => void,
): Promise<readonly Finished[]> => {
  const ends = Promise.all(stages.map(({ ended }) => ended));
  const succeeded = ends.then((all) => throwCause(all));
  succeeded.catch(() => undefined); // the cause is looked for below, with what input and output say
  const stopOnFailure = (failure: StageEnd | undefined) => {
    if (failure) stop();
    return failure;
  };
  const [fed, drained, all] = await Promise.all([
    feed(input, stages[0]).then(stopOnFailure),
    drain(output, stages.at(-1), succeeded).then(stopOnFailure),
    ends,
  ]);
  context.signal.throwIfAborted();
  throwCause([fed, ...all, drained]);
  return all.flatMap(({ finished }) => finished ?? []);
};

const feed = async (input: Readable | undefined, first: Stage | undefined): Promise<StageEnd | undefined> => {
  if (!input) return undefined;
  if (!first?.stdin) {
    input.destroy();
    return undefined;
  }
  const sink = into(first.stdin);
  first.ended.then((end) => "error" in end && sink.destroy());
  try {
    await pump(input, sink);
    return undefined;
  } catch (error) {
    return isClosedPipe(error) ? undefined : { error, blame: "own" };
  }
};

/** Takes everything; what comes after the process has closed its stdin is dropped. */
const into = (stdin: Writable): Writable => {
  stdin.on("error", () => undefined); // each write is told of it too
  const unlessClosed = (done: (error?: Error | null) => void) => (error?: Error | null) =>
    done(isClosedPipe(error) ? null : error);
  return new Writable({
    write(chunk, _encoding, done) {
      if (stdin.destroyed)
        setImmediate(done); // a quick input would leave no turn to learn that the process failed
      else stdin.write(chunk, unlessClosed(done));
    },
    final(done) {
      if (stdin.destroyed) done();
      else stdin.end(unlessClosed(done));
    },
    destroy(error, done) {
      stdin.destroy();
      done(error);
    },
  });
};

const drain = async (
  output: PipelineOptions["output"],
  last: Stage | undefined,
  succeeded: Promise<void>,
): Promise<StageEnd | undefined> => {
  if (!output || !last?.stdout) return undefined;
  const held = hold(last.stdout);
  try {
    await output(held, succeeded);
    return undefined;
  } catch (error) {
    return { error, blame: "own" };
  } finally {
    held.destroy();
    last.stdout.destroy(); // what is left unread would block its writer for ever
  }
};

/**
 * Reads from now on. When a process exits, Node throws away what nobody has begun to read; a consumer that opens its
 * file first would then find a short stream empty.
 */
const hold = (stdout: Readable): Readable => {
  const held = new PassThrough();
  stdout.once("error", (error) => held.destroy(error));
  return stdout.pipe(held);
};

/**
 * Failures in the order of the pipe, the input first. A process that fails breaks the pipe of those before it, which
 * say so, and cuts short the stream of those after it, which cannot know: so the first one to blame is the cause.
 */
const throwCause = (ends: readonly (StageEnd | undefined)[]): void => {
  const failures = ends.flatMap((end) => (end && "error" in end ? [end] : []));
  const blamed = (blame: Blame) => failures.find((failure) => failure.blame === blame);
  const cause = blamed("own") ?? blamed("unsure") ?? failures[0];
  if (cause) throw cause.error;
};

/** A first process that stopped reading says why by its exit code. */
const isClosedPipe = (error: unknown): boolean =>
  ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"].includes(
    (error as NodeJS.ErrnoException | undefined)?.code ?? "",
  );
