// What `npm run test:docker` runs after set-up: an engine, its images, then every test of test/docker. Arguments go to
// vitest and narrow the run; the result of a narrowed run is not stored.
import { check, closingLine, sum } from "../test/count.ts";
import { runTests } from "../test/run-tests.ts";
import { startEngine } from "./engine.ts";
import { makeImages } from "./images.ts";
import { removeLeftovers } from "./leftovers.ts";

const began = performance.now();
const said = (text: string) => console.log(`docker: ${Math.round((performance.now() - began) / 1000)} s: ${text}`);

async function tier(args: readonly string[]) {
  const engine = await startEngine();
  // A Ctrl-C reaches vitest too, which ends; the engine then ends below, or with this process at the latest.
  process.on("SIGINT", () => undefined);
  try {
    said(engine.description);
    await removeLeftovers(engine);
    await makeImages(engine);
    said("images are there");
    return await runTests("docker", args, ["--config", "test/docker/vitest.config.ts"], {
      ...engine.env,
      RESTORABLE_DOCKER: engine.client.program,
    });
  } finally {
    await engine.stop();
  }
}

const count = await tier(process.argv.slice(2)).catch((error: unknown) => {
  console.log(`× ${error instanceof Error ? error.message : error}`);
  return sum(check(false));
});
said("done");
console.log(closingLine(count));
process.exitCode = count.failed > 0 ? 1 : 0;
