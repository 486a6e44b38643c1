import { execa } from "execa";
import { checkout } from "../servers/tools.ts";
import type { Engine } from "./engine.ts";

/** What every container, volume and network of this checkout's tests carries. */
export const TEST_LABEL = `restorable.test=${checkout}`;

/** Takes away what tests of this checkout left in the engine, because they were killed. */
export async function removeLeftovers({ client, env }: Engine): Promise<void> {
  const docker = async (...args: readonly string[]) => (await execa(client.program, args, { env })).stdout;
  const ours = ["--quiet", "--filter", `label=${TEST_LABEL}`];
  const kinds = [
    { list: ["ps", "--all", ...ours], remove: ["rm", "--force", "--volumes"] },
    { list: ["volume", "ls", ...ours], remove: ["volume", "rm", "--force"] },
    { list: ["network", "ls", ...ours], remove: ["network", "rm"] },
  ];
  for (const { list, remove } of kinds) {
    const names = (await docker(...list)).split("\n").filter(Boolean);
    if (names.length > 0) await docker(...remove, ...names);
  }
}
