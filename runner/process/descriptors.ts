import { execFile } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { JobError } from "../../spec/index.ts";
import type { Invocation } from "./invocation.ts";

/**
 * What one process finds at file descriptor 3, 4, …. Node's own "pipe" is a socket, and a socket cannot be opened as
 * `/dev/fd/3` (ENXIO), which is how `age` and `tar` are told to use it; so these are real files of the kernel's.
 */
export interface Descriptors {
  /** In order, for `stdio` of `spawn`. */
  readonly fds: readonly number[];
  /** Closes this process's copies; to be called once the child has its own, or will never get them. */
  readonly release: () => void;
  /** Settles when the last index line was handed over. */
  readonly indexRead: Promise<void>;
}

export type OnLine = (line: string) => void;

/** Opens what an invocation asks for; `onLine` gets the index lines. */
export const openDescriptors = async ({ inputs, onIndexLine }: Invocation, onLine: OnLine): Promise<Descriptors> => {
  if (inputs) return inputDescriptors(inputs);
  return onIndexLine ? indexDescriptor(onLine) : { fds: [], release: () => undefined, indexRead: Promise.resolve() };
};

/**
 * Inputs lie in files that have no name any more, in memory. A named pipe would not do: its reader blocks at `open`
 * when the writer has closed already, and never sees an end when the writer has not.
 */
const inputDescriptors = (inputs: readonly string[]): Descriptors => {
  const fds: number[] = [];
  const release = () => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  try {
    for (const text of inputs) fds.push(inNamelessFile(text));
  } catch (error) {
    release();
    throw error;
  }
  return { fds: [...fds], release, indexRead: Promise.resolve() };
};

const inNamelessFile = (text: string): number =>
  inPrivateDirectory((directory) => {
    const file = path.join(directory, "input");
    writeFileSync(file, text, { mode: 0o600, flag: "wx" });
    return openSync(file, "r");
  });

const indexDescriptor = async (onLine: OnLine): Promise<Descriptors> => {
  const directory = mkdtempSync(path.join(memoryDirectory(), `restorable-${process.pid}-`));
  try {
    const fifo = path.join(directory, "index");
    await promisify(execFile)("mkfifo", ["--mode=600", fifo]);
    // The reader opens first, so that neither end has to wait for the other.
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    let writer: number | undefined = openSync(fifo, "w");
    const release = () => {
      if (writer !== undefined) closeSync(writer);
      writer = undefined;
    };
    return { fds: [writer], release, indexRead: readLines(reader, onLine) };
  } finally {
    rmSync(directory, { recursive: true });
  }
};

const readLines = (fd: number, onLine: OnLine): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = new Socket({ fd, readable: true, writable: false });
    createInterface({ input: socket }).on("line", onLine).once("close", resolve);
    socket.once("error", reject);
  });

const inPrivateDirectory = <T>(use: (directory: string) => T): T => {
  const directory = mkdtempSync(path.join(memoryDirectory(), `restorable-${process.pid}-`));
  try {
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
};

const TMPFS = 0x01021994;
const CANDIDATES = ["/dev/shm", "/run", "/tmp"];

/** A directory in memory: what is handed to a process never reaches a disk. */
const memoryDirectory = (): string => {
  const found = CANDIDATES.find(isInMemory);
  if (found !== undefined) return found;
  throw new JobError(
    "missing-tool",
    `none of ${CANDIDATES.join(", ")} is a file system in memory`,
    "mount a tmpfs at /dev/shm, as Docker and Kubernetes do by default: keys are handed to programs there, never on a disk",
  );
};

const isInMemory = (directory: string): boolean => {
  try {
    return statfsSync(directory).type === TMPFS;
  } catch {
    return false;
  }
};
