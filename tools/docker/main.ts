// What `npm run test:docker` runs after set-up: an engine, its images, then every test of test/docker. Arguments go to
// vitest and narrow the run; the result of a narrowed run is not stored.
import { runTests } from "../test/run-tests.ts";
import { runTier } from "../tier/run-tier.ts";
import { startEngine } from "./engine.ts";
import { makeImages } from "./images.ts";
import { removeLeftovers } from "./leftovers.ts";

await runTier("docker", async (said) => {
  const engine = await startEngine();
  try {
    said(engine.description);
    await removeLeftovers(engine);
    await makeImages(engine, "docker");
    said("images are there");
    return await runTests("docker", process.argv.slice(2), ["--config", "test/docker/vitest.config.ts"], {
      ...engine.env,
      RESTORABLE_DOCKER: engine.client.program,
    });
  } finally {
    await engine.stop();
  }
});
