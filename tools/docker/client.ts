import { execa } from "execa";
import { onPath } from "./programs.ts";

/** A docker command that can build with BuildKit. */
export interface DockerClient {
  readonly program: string;
  /** What it needs in its environment besides DOCKER_HOST. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The first docker command on this machine that builds with BuildKit: one of 23 or newer needs its buildx plugin for
 * that, an older one has it built in. Undefined when there is none.
 */
export async function findClient(): Promise<DockerClient | undefined> {
  const env = { DOCKER_BUILDKIT: "1" };
  for (const program of onPath("docker")) {
    const { stdout, exitCode } = await execa(program, ["--version"], { reject: false });
    const major = Number(/version (\d+)\./.exec(stdout)?.[1]);
    if (exitCode !== 0 || Number.isNaN(major)) continue;
    if (major < 23) return { program, env };
    const buildx = await execa(program, ["buildx", "version"], { reject: false });
    if (buildx.exitCode === 0) return { program, env };
  }
  return undefined;
}
