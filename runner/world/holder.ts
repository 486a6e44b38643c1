import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { Holder } from "../../spec/index.ts";

/** Names this process so that another one on the same host can tell whether it still lives. */
export const thisProcess = (): Holder => ({
  host: hostname(),
  boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  pidNamespace: pidNamespace(),
  pid: process.pid,
  startTicks: startTicks(process.pid) ?? "0",
});

const pidNamespace = (): string => readlinkSync("/proc/self/ns/pid");

/** Start time of a process in ticks since boot; undefined when there is no such process. */
export const startTicks = (pid: number): string | undefined => {
  try {
    // The name of a program may hold spaces and brackets, so fields are counted after its last ')'.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
  } catch {
    return undefined;
  }
};

/** `gone` also for a process from before the last boot. `unknown`: on another host or in another pid namespace, where nothing can be looked up. */
export const liveness = (holder: Holder, self: Holder): "alive" | "gone" | "unknown" => {
  if (holder.host !== self.host) return "unknown";
  if (holder.boot !== self.boot) return "gone";
  if (holder.pidNamespace !== self.pidNamespace) return "unknown";
  return startTicks(holder.pid) === holder.startTicks ? "alive" : "gone";
};
