import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { TableCount } from "../../spec/index.ts";
import { type Context, withSignal } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { runPipeline } from "../process/pipeline.ts";
import { checkedScript } from "../sql/checked-script.ts";
import { copyRowCounter } from "./count-copy-rows.ts";

/** A branch of a dump's stream in which its rows are counted, so that a large heap is not read twice. */
export interface CountingBranch {
  /** The last producer: passes the archive on and copies it into the branch. */
  readonly tap: Invocation;
  /** What was counted, once the stream has ended. */
  readonly counted: Promise<readonly TableCount[]>;
  /** Stops it: without a dump that opens the FIFO it would wait for ever. */
  readonly stop: (reason: unknown) => void;
  readonly remove: () => Promise<void>;
}

/**
 * `tee` into a FIFO, `pg_restore` from it, and a counter of COPY rows: bytes wait in kernel buffers, none on disk. If
 * the branch fails, `tee` loses its reader, and the whole dump fails with it.
 * @param pgRestore turns an archive into a script; undefined where the dump is one
 */
export const openCountingBranch = async (context: Context, pgRestore: string | undefined): Promise<CountingBranch> => {
  const directory = await mkdtemp(path.join(tmpdir(), "restorable-count-"));
  const fifo = path.join(directory, randomUUID());
  await runPipeline(context, [{ file: "mkfifo", args: ["-m", "600", fifo] }]);
  const stopping = new AbortController();
  const within = withSignal(context, AbortSignal.any([context.signal, stopping.signal]));
  // pg_restore opens a named archive twice, which a FIFO does not stand; stdin it reads once.
  const reader = [
    { file: "cat", args: [fifo] },
    ...(pgRestore === undefined ? [] : [{ file: pgRestore, args: ["--data-only", "--file=-"] }]),
  ];
  let rows: readonly TableCount[] = [];
  const counted = runPipeline(within, reader, {
    output: async (stdout) => {
      rows = pgRestore === undefined ? await countScript(stdout) : await countData(stdout);
    },
  }).then(() => rows);
  counted.catch(() => undefined); // awaited by the dump, after the dump's own failure
  return {
    tap: { file: "tee", args: [fifo] },
    counted,
    stop: (reason) => stopping.abort(reason),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
};

const countData = async (stdout: Readable): Promise<readonly TableCount[]> => {
  const counter = copyRowCounter();
  for await (const chunk of stdout) counter.push(chunk as Buffer);
  return counter.counts();
};

/** A whole script holds bodies of functions as well, in which COPY may be a word like others. */
const countScript = async (stdout: Readable): Promise<readonly TableCount[]> => {
  const checked = checkedScript({ major: Number.POSITIVE_INFINITY, superuser: true });
  await pipeline(stdout, checked.stream, async (script) => {
    for await (const _ of script);
  });
  return checked.counts();
};
