import { Readable } from "node:stream";
import { JobError } from "../../spec/index.ts";
import { LZ4, withGpg } from "../artifact/gpg.ts";
import type { Context } from "../context.ts";
import { inOrder } from "../objects/in-order.ts";
import type { Invocation } from "../process/invocation.ts";
import { runPipeline } from "../process/pipeline.ts";
import type { Store } from "../store/store.ts";
import type { InfoLine } from "./chipster-info.ts";
import { findPlaces } from "./chipster-places.ts";
import { sha512Layer } from "./sha512-layer.ts";
import { type Bytes, eachMember } from "./tar-members.ts";

/** Stored objects that are read at the same time: each keeps a `gpg` and an `lz4` busy. */
const WIDTH = 4;

/** Bytes of a stored file that is held in memory: so several of one tar are opened at the same time. */
const HELD = 2 ** 20;

/** Takes the bytes of one file, which may yet turn out to be damaged: then the whole read fails. */
export type TakeFile = (line: InfoLine, bytes: Readable) => Promise<void>;

/** What is read, and the GPG key for what is encrypted. */
export interface FilesArchive {
  /** The key of the archive's info. */
  readonly key: string;
  readonly lines: readonly InfoLine[];
  readonly identity: string | undefined;
  /** What the job is at, for its progress. */
  readonly step: string;
}

/**
 * Reads every file that an archive of `file-storage` names, wherever it lies: the stored file by its SHA-512, then,
 * decrypted and decompressed, the file by the other one. A tar is read once, however many of its files are wanted.
 * @throws JobError `corrupt` naming the file, or the archives that are missing; `wrong-key`
 */
export const readChipsterFiles = async (
  context: Context,
  root: Store,
  archive: FilesArchive,
  take: TakeFile,
): Promise<void> => {
  const { key, lines, identity } = archive;
  const { unpacked, packed, elsewhere } = await findPlaces(root, key, lines);
  await withKey(context, lines, identity, async (decrypt) => {
    const open = openFile(context, decrypt, progressed(context, archive, take));
    const readUnpacked = (places: ReadonlyMap<string, InfoLine>) =>
      each(places, async ([stored, line]) => {
        const stream = await root.getStream(stored, { signal: context.signal });
        await open(line, `${stored} of ${root.name}`, bytesOf(stream)).finally(() => stream.destroy());
      });
    await readUnpacked(unpacked);
    const beside = besides(WIDTH);
    for (const { tars, lines: wanted } of packed) {
      const left = new Map(wanted.map((line) => [line.gpgPath, line]));
      await each(tars, async (tar) => {
        const where = `${tar} of ${root.name}`;
        await eachMember(context, await root.getStream(tar, { signal: context.signal }), where, async (member) => {
          const line = left.get(member.name);
          if (!line) return;
          left.delete(member.name);
          if (member.bytes > HELD) return open(line, where, member);
          const body = await bodyOf(member);
          await beside.begin(() => open(line, where, bytesOf(Readable.from([body]))));
        });
      }).finally(beside.idle);
      beside.throwFault();
      await readUnpacked(elsewhere([...left.values()]));
    }
  });
};

/** No key is asked for where nothing is encrypted: Chipster then stores what is compressed only. */
const withKey = (
  context: Context,
  lines: readonly InfoLine[],
  identity: string | undefined,
  work: (decrypt: Invocation | undefined) => Promise<void>,
): Promise<void> => (lines.some(isEncrypted) ? withGpg(context, identity, work) : work(undefined));

const isEncrypted = ({ gpgPath }: InfoLine): boolean => gpgPath.endsWith(".gpg");

const each = async <T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> => {
  for await (const _ of inOrder(WIDTH, Readable.from(items), work));
};

/** Works beside their caller, at most so many at a time. A fault is thrown by the next call, and by `throwFault`. */
const besides = (width: number) => {
  const running = new Set<Promise<void>>();
  const faults: unknown[] = [];
  const throwFault = () => {
    if (faults.length > 0) throw faults[0];
  };
  return {
    begin: async (work: () => Promise<void>): Promise<void> => {
      while (running.size >= width) await Promise.race(running);
      throwFault();
      const mine: Promise<void> = work()
        .catch((error) => void faults.push(error))
        .finally(() => running.delete(mine));
      running.add(mine);
    },
    idle: async (): Promise<void> => {
      await Promise.all(running);
    },
    throwFault,
  };
};

/** Reads one file through both layers. */
const openFile =
  (context: Context, decrypt: Invocation | undefined, take: TakeFile) =>
  async (line: InfoLine, where: string, bytes: Bytes): Promise<void> => {
    const outer = sha512Layer(line.gpgSize, line.gpgSha512, `${line.gpgPath} in ${where}`);
    const inner = sha512Layer(line.size, line.sha512, `${line.path} in ${where}`);
    const next = inTurn(async () => {
      const chunk = await bytes.next();
      if (chunk) outer.add(chunk);
      return chunk;
    });
    const fault = await runPipeline(context, [...(isEncrypted(line) && decrypt ? [decrypt] : []), LZ4], {
      input: Readable.from(until(next)),
      output: (stdout) => take(line, Readable.from(passing(stdout, inner.add))),
    }).then(
      () => undefined,
      (error: unknown) => error,
    );
    context.signal.throwIfAborted();
    // A damaged file makes GPG say all sorts of things: its digest says which it is.
    while (await next());
    const wrong = outer.wrong() ?? (fault ? named(fault, line, where) : inner.wrong());
    if (wrong) throw wrong;
  };

/** One call after the other: a pipe that broke may still be waiting for its next piece. */
const inTurn = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
};

const named = (fault: unknown, line: InfoLine, where: string): unknown =>
  fault instanceof JobError && fault.code === "process-failed"
    ? new JobError(
        "corrupt",
        `${line.gpgPath} in ${where} cannot be opened: ${fault.fact}`,
        "it was stored so: choose another archive (`restorable list`); nothing was changed",
        { cause: fault },
      )
    : fault;

async function* until(next: () => Promise<Buffer | undefined>): AsyncGenerator<Buffer, void, undefined> {
  for (let chunk = await next(); chunk; chunk = await next()) yield chunk;
}

async function* passing(stream: Readable, see: (chunk: Buffer) => void): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of stream) {
    see(chunk);
    yield chunk;
  }
}

const bodyOf = async (bytes: Bytes): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of until(bytes.next)) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const bytesOf = (stream: Readable): Bytes => {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  return { next: async () => (await chunks.next()).value ?? undefined };
};

const progressed = (context: Context, { key, lines, step }: FilesArchive, take: TakeFile): TakeFile => {
  const total = lines.reduce((sum, { size }) => sum + size, 0);
  let bytes = 0;
  return async (line, stream) => {
    await take(line, stream);
    bytes += line.size;
    context.report.progress(step, `reading the files of ${key}`, bytes, total);
  };
};
