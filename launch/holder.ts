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
    // The name of a program may hold spaces and brackets, so fields are counted after its last ')'.
    const startTicks = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ")[19];
    const pidNamespace = readlinkSync("/proc/self/ns/pid");
    return startTicks === undefined
      ? undefined
      : { host: hostname(), boot, pidNamespace, pid: process.pid, startTicks };
  } catch {
    return undefined;
  }
};
