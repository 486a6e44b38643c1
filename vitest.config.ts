import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Tiers of their own, which need an engine and a cluster.
    exclude: ["test/docker/**", "test/kubernetes/**"],
    // A limit for what hangs, far above what anything takes: no test is about time.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    fileParallelism: true,
    maxWorkers: 2,
    pool: "forks",
  },
});
