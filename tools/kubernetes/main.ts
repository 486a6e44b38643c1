// What `npm run test:kubernetes` runs after set-up: images by a Docker engine, a cluster of one node, then every test
// of test/kubernetes. Arguments go to vitest and narrow the run; the result of a narrowed run is not stored.
import path from "node:path";
import { startEngine } from "../docker/engine.ts";
import { makeImages } from "../docker/images.ts";
import { check, closingLine, sum } from "../test/count.ts";
import { runTests } from "../test/run-tests.ts";
import { cacheFolder, nodePrograms, startCluster } from "./cluster.ts";
import { imageArchive } from "./images.ts";

const began = performance.now();
const said = (text: string) => console.log(`kubernetes: ${Math.round((performance.now() - began) / 1000)} s: ${text}`);

async function archiveOf(programs: string): Promise<string> {
  const engine = await startEngine();
  try {
    said(engine.description);
    await makeImages(engine);
    return await imageArchive(engine, programs, path.join(cacheFolder(), "images"));
  } finally {
    await engine.stop();
  }
}

async function tier(args: readonly string[]) {
  // A Ctrl-C reaches vitest too, which ends; the cluster then ends below, or with this process at the latest.
  process.on("SIGINT", () => undefined);
  const programs = await nodePrograms();
  const images = await archiveOf(programs);
  said("images are there");
  const cluster = await startCluster(programs, images);
  try {
    said("the cluster is up");
    return await runTests("kubernetes", args, ["--config", "test/kubernetes/vitest.config.ts"], {
      KUBECONFIG: cluster.kubeconfig,
      RESTORABLE_KUBECTL: cluster.kubectl,
      RESTORABLE_HOST_ADDRESS: cluster.hostAddress,
    });
  } finally {
    await cluster.stop();
  }
}

const count = await tier(process.argv.slice(2)).catch((error: unknown) => {
  console.log(`× ${error instanceof Error ? error.message : error}`);
  return sum(check(false));
});
said("done");
console.log(closingLine(count));
process.exitCode = count.failed > 0 ? 1 : 0;
