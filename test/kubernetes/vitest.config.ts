import path from "node:path";
import { defineConfig } from "vitest/config";
import { APART, clusterAt, clusterEnvironment } from "../../tools/kubernetes/cluster.ts";

/** It takes a node down, so it boots one for itself. */
const ON_ITS_OWN_NODE = "test/kubernetes/node-restart.test.ts";
// A limit for what hangs: no test is about time. Two cores are the least a machine has, and each file waits most of its
// time: for the next minute of a schedule, for pods.
const common = { testTimeout: 600_000, hookTimeout: 600_000, pool: "forks", maxWorkers: 4 } as const;
const programs = path.dirname(process.env.RESTORABLE_KUBECTL ?? "");

export default defineConfig({
  test: {
    maxWorkers: 4,
    fileParallelism: true,
    projects: [
      // The first one by its name, and so the one that begins first. Of the other the largest files do.
      {
        test: {
          ...common,
          name: "apart",
          include: [ON_ITS_OWN_NODE],
          env: clusterEnvironment(clusterAt(APART, programs)),
        },
      },
      {
        test: { ...common, name: "cluster", include: ["test/kubernetes/**/*.test.ts"], exclude: [ON_ITS_OWN_NODE] },
      },
    ],
  },
});
