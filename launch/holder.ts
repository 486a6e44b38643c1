import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { Holder } from "../spec/index.ts";

/**
 * Names this process, so that nobody takes a restore over while its launcher lives. Undefined where there is no
 * /proc: there each runner's own process counts.
 */
export const thisProcess = (): Holder | undefined => {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const startTicks = startTicksOf("self");
    const pidNamespace = readlinkSync("/proc/self/ns/pid");
    return startTicks === undefined
      ? undefined
      : { host: hostname(), boot, pidNamespace, pid: process.pid, startTicks };
  } catch {
    return undefined;
  }
};

const startTicksOf = (pid: number | "self"): string | undefined => {
  try {
    // The name of a program may hold spaces and brackets, so fields are counted after its last ')'.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
  } catch {
    return undefined;
  }
};

/**
 * Whether another launcher of this machine lives. A runner in a container cannot see it, so each launcher looks itself;
 * one of another machine counts as gone, because nothing can be known of it.
 */
export const livesHere = (holder: Holder, self: Holder | undefined): boolean =>
  self !== undefined &&
  holder.host === self.host &&
  holder.boot === self.boot &&
  holder.pidNamespace === self.pidNamespace &&
  holder.pid !== self.pid &&
  startTicksOf(holder.pid) === holder.startTicks;
