import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { onPath } from "../../../tools/docker/programs.ts";
import { checkout } from "../../../tools/servers/tools.ts";
import { program } from "./docker.ts";

/** An engine of a test's own, whose daemon it may end and start. It goes with this process, however that ends. */
export interface SecondEngine {
  /** As plans name it. */
  readonly host: string;
  readonly docker: (...args: readonly string[]) => Promise<string>;
  /** Copies an image from the engine of the other tests, unless it is there from an earlier run. */
  readonly load: (image: string) => Promise<void>;
  /** Ends the daemon alone and starts it again. `whileAway` runs in between. */
  readonly restart: (signal: "TERM" | "KILL", whileAway?: () => unknown) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Why there can be no second engine here; undefined where there can. */
export const whyNoSecondEngine = (): string | undefined => {
  if (process.getuid?.() !== 0) return "only root can start a Docker engine of its own";
  const missing = ["dockerd", "iptables", "ip"].filter((name) => onPath(name).length === 0);
  return missing.length === 0 ? undefined : `a second Docker engine needs ${missing.join(", ")} on this machine`;
};

export async function startSecondEngine(): Promise<SecondEngine> {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache");
  const state = path.join(cache, "restorable/docker-restarts");
  mkdirSync(state, { recursive: true });
  const script = path.join(checkout, "tools/docker/engine.sh");
  const watchdog = spawn("bash", [script, state, "restorable2", "10.215"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const closed = once(watchdog, "close");
  const lines = createInterface({ input: watchdog.stdout })[Symbol.asyncIterator]();
  const says = async (expected: string): Promise<void> => {
    const { value = "nothing, and ended" } = await lines.next();
    if (value !== expected)
      throw new Error(`the second Docker engine should have said '${expected}', and said ${value}`);
  };
  await says("ready");
  const host = `unix://${path.join(state, "docker.sock")}`;
  const docker: SecondEngine["docker"] = async (...args) => (await execa(program, ["--host", host, ...args])).stdout;
  return {
    host,
    docker,
    load: async (image) => {
      const { stdout: id } = await execa(program, ["image", "inspect", "--format", "{{.Id}}", image]);
      const has = await docker("image", "inspect", "--format", "{{.Id}}", image).catch(() => undefined);
      // Without these options all of it would be kept in memory.
      const passed = { buffer: false } as const;
      if (has !== id) await execa(program, ["save", image], passed).pipe(program, ["--host", host, "load"], passed);
    },
    restart: async (signal, whileAway) => {
      watchdog.stdin.write(`stop ${signal}\n`);
      await says("stopped");
      await whileAway?.();
      watchdog.stdin.write("start\n");
      await says("ready");
    },
    close: async () => {
      watchdog.stdin.end();
      await closed;
    },
  };
}
