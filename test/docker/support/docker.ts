import { randomBytes } from "node:crypto";
import { execa } from "execa";
import { TEST_LABEL } from "../../../tools/docker/leftovers.ts";

/** The docker command; `npm run test:docker` says which one, and where the engine is. */
export const program = process.env.RESTORABLE_DOCKER ?? "docker";

/** By this the next run finds what a killed one left. */
export const LABELLED = ["--label", TEST_LABEL];

/** Runs docker; throws with what it printed when it fails. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(program, args);
  return stdout;
}

/** A name that no other run has. */
export const unique = (name: string): string => `restorable-test-${name}-${randomBytes(4).toString("hex")}`;

/** Containers, volumes and a network of one test file, all taken away at its end. */
export class Place {
  readonly network = unique("net");
  readonly #containers: string[] = [];
  readonly #volumes: string[] = [];

  static async make(): Promise<Place> {
    const place = new Place();
    await docker("network", "create", ...LABELLED, place.network);
    return place;
  }

  /** Starts a container in the background that others reach by `alias`; answers its name. */
  async start(alias: string, image: string, args: readonly string[]): Promise<string> {
    const name = this.claim(alias);
    const named = ["--name", name, "--network", this.network, "--network-alias", alias, ...LABELLED];
    await docker("run", "--detach", ...named, ...args, image);
    return name;
  }

  /** The name of a container that will be taken away. */
  claim(label: string): string {
    const name = unique(label);
    this.#containers.push(name);
    return name;
  }

  async volume(label: string, options: readonly string[] = []): Promise<string> {
    const name = unique(label);
    this.#volumes.push(name);
    return docker("volume", "create", ...LABELLED, ...options, name);
  }

  async remove(): Promise<void> {
    if (this.#containers.length > 0)
      await docker("rm", "--force", "--volumes", ...this.#containers).catch(ignoreMissing);
    if (this.#volumes.length > 0) await docker("volume", "rm", "--force", ...this.#volumes);
    await docker("network", "rm", this.network);
  }
}

function ignoreMissing(error: unknown): void {
  if (!String(error).includes("No such container")) throw error;
}
