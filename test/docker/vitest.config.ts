import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/docker/**/*.test.ts"],
    // A limit for what hangs: no test is about time.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Two cores are the least a machine has. Each file waits half of its time: for containers, intervals, quiet seconds.
    // The largest files come first, which are the longest ones too.
    fileParallelism: true,
    maxWorkers: 2,
    pool: "forks",
  },
});
