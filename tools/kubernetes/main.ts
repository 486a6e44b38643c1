// What `npm run test:kubernetes` runs after set-up: images by a Docker engine, a cluster of one node, then every test
// of test/kubernetes. Arguments go to vitest and narrow the run; the result of a narrowed run is not stored.
import path from "node:path";
import { startEngine } from "../docker/engine.ts";
import { makeImages } from "../docker/images.ts";
import { compileCache } from "../servers/pulumi-environment.ts";
import { runTests } from "../test/run-tests.ts";
import { runTier } from "../tier/run-tier.ts";
import { clusterEnvironment, clusterFolder, nodePrograms, SHARED, startCluster } from "./cluster.ts";
import { imageArchive } from "./images.ts";

async function archiveOf(programs: string, said: (text: string) => void): Promise<string> {
  const engine = await startEngine();
  try {
    said(engine.description);
    await makeImages(engine, "kubernetes");
    return await imageArchive(engine, programs, path.join(clusterFolder(), "images"));
  } finally {
    await engine.stop();
  }
}

await runTier("kubernetes", async (said) => {
  const programs = await nodePrograms();
  const images = await archiveOf(programs, said);
  said("images are there");
  const cluster = await startCluster(programs, images, SHARED);
  try {
    said("the cluster is up");
    return await runTests("kubernetes", process.argv.slice(2), ["--config", "test/kubernetes/vitest.config.ts"], {
      NODE_COMPILE_CACHE: compileCache,
      RESTORABLE_IMAGES: images,
      ...clusterEnvironment(cluster),
    });
  } finally {
    await cluster.stop();
  }
});
