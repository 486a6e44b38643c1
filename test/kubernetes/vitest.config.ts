import { defineConfig } from "vitest/config";

/** It takes every pod down, so it has the cluster to itself, after all others. */
const ALONE = "test/kubernetes/node-restart.test.ts";
// A limit for what hangs: no test is about time.
const limits = { testTimeout: 600_000, hookTimeout: 600_000, pool: "forks" } as const;

export default defineConfig({
  test: {
    // Two cores are the least a machine has. Each file waits most of its time: for the next minute of a schedule, for pods.
    // The largest files come first, which are the longest ones too.
    maxWorkers: 4,
    fileParallelism: true,
    projects: [
      {
        test: {
          ...limits,
          name: "cluster",
          include: ["test/kubernetes/**/*.test.ts"],
          exclude: [ALONE],
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...limits, name: "node", include: [ALONE], maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
