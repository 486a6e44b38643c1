import { spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

/** A script that ends what it started as soon as we are gone. */
export interface Watchdog {
  stop(): Promise<void>;
}

/**
 * Starts a script (bash) that says `ready` on stdout, or `failed` and why, and then lives as long as its stdin is open.
 * Throws with `what` and the reason.
 */
export async function startWatchdog(script: string, args: readonly string[], what: string): Promise<Watchdog> {
  // Detached, or Ctrl-C on the terminal would end it before it has cleaned up. Our end of its stdin is what keeps it.
  const watchdog = spawn("bash", [script, ...args], { stdio: ["pipe", "pipe", "ignore"], detached: true });
  const closed = once(watchdog, "close");
  const line = once(createInterface({ input: watchdog.stdout }), "line") as Promise<[string]>;
  const [said] = await Promise.race([line, closed.then((): [string] => ["its watchdog ended without a word"])]);
  if (said !== "ready") throw new Error(`${what} could not be started: ${said.replace(/^failed /, "")}`);
  return {
    stop: async () => {
      watchdog.stdin.end();
      await closed;
    },
  };
}

/** Where the state of such a script stays between runs: `~/.cache/restorable/<name>`. */
export const cacheFolder = (name: string): string =>
  path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "restorable", name);
