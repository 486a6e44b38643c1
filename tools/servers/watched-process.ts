import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { PortTaken } from "./free-port.ts";

/**
 * Keeps a server for as long as the process that started it holds the other end of its stdin, so that a server never
 * outlives even a killed test. Then: the signal that stops it, and when it ended its folder is removed. It says
 * the server's pid on stdout, and `ended` when that ended, by itself or not. Descriptor 3 is the log.
 */
const WATCHDOG = `
signal=$1 folder=$2
shift 2
exec 4<&0
"$@" </dev/null >&3 2>&3 4<&- &
server=$!
trap '' PIPE # nobody may be left to read what we say
echo "$server"
(
  while read -r _ <&4; do :; done
  kill -s "$signal" "$server"
  kill -s CONT "$server" # a test may have halted it
) >/dev/null 2>&1 &
watch=$!
exec 3>&- 4<&-
wait "$server"
echo ended 2>/dev/null
wait "$watch"
[ -z "$folder" ] || rm -rf -- "$folder"
`;

export interface WatchedProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Who it runs as, when not as we do. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Where its output goes. */
  readonly log: string;
  /** What asks it to stop. */
  readonly signal: "INT" | "KILL";
  /** Removed after its end; leave it out to keep everything. */
  readonly removeFolder?: string | undefined;
}

/** A server that ends with the process that started it. */
export interface WatchedProcess {
  readonly pid: number;
  /** What it has printed so far. */
  log(): string;
  /** Whether it still runs. */
  running(): boolean;
  /** Waits until `ready` is true; throws with the log's end when the server ends first or after 60 s. */
  ready(ready: () => boolean | Promise<boolean>): Promise<void>;
  /** Stops it and removes its folder, if it has one to remove. */
  stop(): Promise<void>;
}

export async function startWatched(options: WatchedProcessOptions): Promise<WatchedProcess> {
  const { program, args, env, cwd, user, signal, removeFolder = "" } = options;
  const log = openSync(options.log, "a", 0o600);
  // Detached, or Ctrl-C on the terminal would end the watchdog before its server.
  const watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "watchdog", signal, removeFolder, program, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "ignore", log],
    detached: true,
    ...(user === undefined ? {} : user),
  }) as ChildProcessByStdio<Writable, Readable, null>;
  closeSync(log);
  const exited = once(watchdog, "close");
  const said = createInterface({ input: watchdog.stdout });
  const [pid] = await once(said, "line");
  let running = true;
  said.once("line", () => {
    running = false;
  });
  // A test that forgets to stop a server may still end.
  watchdog.unref();
  const readLog = () => readFileSync(options.log, "utf8");
  return {
    pid: Number(pid),
    log: readLog,
    running: () => running,
    ready: (ready) => becomeReady(program, ready, () => running, readLog),
    stop: async () => {
      watchdog.ref();
      watchdog.stdin.end();
      await exited;
    },
  };
}

async function becomeReady(
  program: string,
  ready: () => boolean | Promise<boolean>,
  running: () => boolean,
  log: () => string,
): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (running() && performance.now() < deadline) {
    if (await ready()) return;
    await pause(20);
  }
  const printed = log();
  if (/address already in use/i.test(printed)) throw new PortTaken();
  throw new Error(`${program} did not start:\n${printed.split("\n").slice(-15).join("\n")}`);
}
