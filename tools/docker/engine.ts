import { mkdirSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { cacheFolder, startWatchdog } from "../tier/watchdog.ts";
import { type DockerClient, findClient } from "./client.ts";
import { install, onPath } from "./programs.ts";

/** A Docker engine to test on, and how to speak with it. */
export interface Engine {
  readonly client: DockerClient;
  /** For everything that speaks with the engine. */
  readonly env: Readonly<Record<string, string>>;
  /** One sentence: whose engine it is. */
  readonly description: string;
  /** Ends the engine if it was ours. */
  stop(): Promise<void>;
}

/** What a Debian machine needs for an engine of our own; without recommendations the firewall program is missing. */
const PACKAGES = ["docker.io", "iptables", "iproute2"];

/** The engine that answers, or one of our own that ends with this process. Throws with what to do when neither is possible. */
export async function startEngine(): Promise<Engine> {
  const client = await findClient();
  const running = client ? await answering(client, {}) : undefined;
  if (client && running) {
    return {
      client,
      env: client.env,
      description: `the engine that runs here, ${running}`,
      stop: async () => undefined,
    };
  }
  if (process.env.DOCKER_HOST) throw new Error(`no engine answers at DOCKER_HOST=${process.env.DOCKER_HOST}`);
  if (["dockerd", "iptables", "ip"].some((name) => onPath(name).length === 0) || !client) await install(PACKAGES);
  if (process.getuid?.() !== 0) throw new Error("no Docker engine answers: start Docker, or run this as root");
  return ownEngine((await findClient()) ?? missingClient());
}

function missingClient(): never {
  throw new Error("no docker command here can build with BuildKit: install Docker's buildx plugin");
}

async function ownEngine(client: DockerClient): Promise<Engine> {
  const state = cacheFolder("docker");
  mkdirSync(state, { recursive: true });
  const script = path.join(import.meta.dirname, "engine.sh");
  const { stop } = await startWatchdog(script, [state, "restorable0", "10.213"], "a Docker engine");
  const env = { ...client.env, DOCKER_HOST: `unix://${path.join(state, "docker.sock")}` };
  return {
    client,
    env,
    description: `an engine of our own, ${await answering(client, env)}, with its images in ${state}`,
    stop,
  };
}

/** The version of the engine, or undefined when none answers. */
async function answering(
  { program }: DockerClient,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const format = ["version", "--format", "{{.Server.Version}}"];
  const { exitCode, stdout } = await execa(program, format, { env, reject: false, timeout: 30_000 });
  return exitCode === 0 && stdout !== "" ? stdout : undefined;
}
