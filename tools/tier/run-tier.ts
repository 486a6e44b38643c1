import { type Count, check, closingLine, sum } from "../test/count.ts";

/**
 * Runs a tier of tests that needs more than this machine's programs: says what it does and how long it took, ends with
 * the closing line of its count, and leaves the exit code. Whatever the tier throws is one failure.
 */
export async function runTier(name: string, tier: (said: (text: string) => void) => Promise<Count>): Promise<void> {
  const began = performance.now();
  const said = (text: string) => console.log(`${name}: ${Math.round((performance.now() - began) / 1000)} s: ${text}`);
  // A Ctrl-C reaches vitest too, which ends; what the tier started then ends below, or with this process at the latest.
  process.on("SIGINT", () => undefined);
  const count = await tier(said).catch((error: unknown) => {
    console.log(`× ${error instanceof Error ? error.message : error}`);
    return sum(check(false));
  });
  said("done");
  console.log(closingLine(count));
  process.exitCode = count.failed > 0 ? 1 : 0;
}
