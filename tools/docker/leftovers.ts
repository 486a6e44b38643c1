import { setTimeout as pause } from "node:timers/promises";
import { execa } from "execa";
import { checkout } from "../servers/tools.ts";
import type { Engine } from "./engine.ts";

/** What every container, volume and network of this checkout's tests carries. */
export const TEST_LABEL = `restorable.test=${checkout}`;

const OURS = ["--quiet", "--filter", `label=${TEST_LABEL}`];

/** Users first: a volume or a network that is in use stays. */
const KINDS = [
  { list: ["ps", "--all", ...OURS], remove: ["rm", "--force", "--volumes"] },
  { list: ["volume", "ls", ...OURS], remove: ["volume", "rm", "--force"] },
  { list: ["network", "ls", ...OURS], remove: ["network", "rm"] },
];

/**
 * Takes away what tests of this checkout left in the engine, because they were killed. It tries again for a minute:
 * a worker of a run that was killed may still start a last container before it notices.
 */
export async function removeLeftovers(engine: Engine): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const refused = await removeOnce(engine);
    if (refused === undefined) return;
    if (performance.now() > deadline) throw new Error(`what an earlier run left cannot be removed: ${refused}`);
    await pause(500);
  }
}

/** What Docker said of the first removal that it refused. */
async function removeOnce({ client, env }: Engine): Promise<string | undefined> {
  for (const { list, remove } of KINDS) {
    const { stdout } = await execa(client.program, list, { env });
    const names = stdout.split("\n").filter(Boolean);
    if (names.length === 0) continue;
    const { exitCode, stderr } = await execa(client.program, [...remove, ...names], { env, reject: false });
    if (exitCode !== 0) return stderr;
  }
  return undefined;
}
