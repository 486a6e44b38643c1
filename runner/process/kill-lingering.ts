import type { ChildProcess } from "node:child_process";

/** Seconds that a runner may still live after it has said its result. */
export const LINGER_SECONDS = 30;

/**
 * A runner's result is one line of stdout, and its last word. Node was seen to hang for ever in its own exit after that
 * (nodejs/node#54918): such a process is killed, and its result counts.
 */
export const killLingering = (child: ChildProcess, seconds = LINGER_SECONDS): void => {
  child.stdout?.on("data", (chunk: Buffer) => {
    if (chunk.at(-1) !== 10) return;
    const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    child.once("close", () => clearTimeout(timer));
  });
};
