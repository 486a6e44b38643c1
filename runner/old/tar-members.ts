import type { Readable } from "node:stream";
import { JobError } from "../../spec/index.ts";
import { UNTAR } from "../artifact/gpg.ts";
import type { Context } from "../context.ts";
import { INDEX_OPTIONS, memberOf } from "../files/tar-index.ts";
import { runPipeline } from "../process/pipeline.ts";

/** Bytes that are asked for. */
export interface Bytes {
  /** The next of them; undefined at the end. */
  readonly next: () => Promise<Buffer | undefined>;
}

/** One file in a tar, while the tar is read. */
export interface Member extends Bytes {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Reads a tar once and hands out its files one after the other; what `take` leaves of one is passed over.
 * @param where names the tar for people
 * @throws JobError `corrupt` for a tar that is not whole, or that holds links or devices; what `take` throws
 */
export const eachMember = async (
  context: Context,
  input: Readable,
  where: string,
  take: (member: Member) => Promise<void>,
): Promise<void> => {
  const index = lineQueue();
  const untar = {
    ...UNTAR,
    // Names as they are: a line break in one would be a line of its own that is none of tar's.
    args: [...UNTAR.args, ...INDEX_OPTIONS, "--quoting-style=literal"],
    onIndexLine: index.add,
  };
  const output = async (stdout: Readable, succeeded: Promise<void>) => {
    const data = reader(stdout);
    for (let line = await index.next(succeeded); line !== undefined; line = await index.next(succeeded)) {
      const listed = memberOf(line);
      if (listed?.type === "d") continue;
      if (listed?.type !== "-") throw dangerous(where, listed?.name ?? line);
      const member = { ...listed, ...data.upTo(listed.bytes) };
      await take(member);
      while (await member.next());
    }
    await data.end();
  };
  await runPipeline(context, [untar], { input, output }).catch((error) => throwDamaged(where, error));
};

/** A tar that cannot be read is a damaged one. */
export const throwDamaged = (where: string, error: unknown): never => {
  if (!(error instanceof JobError) || error.code !== "process-failed") throw error;
  const hint = "choose another archive (`restorable list`); nothing was changed";
  throw new JobError("corrupt", `${where} is not whole: ${error.fact}`, hint, { cause: error });
};

const dangerous = (where: string, name: string): JobError =>
  new JobError(
    "corrupt",
    `${where} holds '${name}', which is no plain file`,
    "Chipster stores no links and no devices, so do not trust this archive; nothing was changed",
  );

/** Lines come by another way than the bytes they describe, and before them. */
const lineQueue = () => {
  const lines: string[] = [];
  let wake: () => void = () => undefined;
  return {
    add: (line: string) => {
      lines.push(line);
      wake();
    },
    /** Undefined when the program has ended and every line was taken. */
    next: async (ended: Promise<void>): Promise<string | undefined> => {
      if (lines.length === 0) {
        const added = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([added, ended]);
      }
      return lines.shift();
    },
  };
};

/** A stream that is taken in pieces of known lengths. */
const reader = (stream: Readable) => {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  const more = async (): Promise<Buffer | undefined> => {
    const { value, done } = await chunks.next();
    return done ? undefined : value;
  };
  return {
    upTo: (bytes: number): Bytes => {
      let left = bytes;
      return {
        next: async () => {
          if (left === 0) return undefined;
          const chunk = rest.length > 0 ? rest : await more();
          if (chunk === undefined) throw new JobError("process-failed", "the tar ended early", "choose another one");
          const piece = chunk.subarray(0, left);
          rest = chunk.subarray(piece.length);
          left -= piece.length;
          return piece;
        },
      };
    },
    end: async () => {
      while (await more());
    },
  };
};
