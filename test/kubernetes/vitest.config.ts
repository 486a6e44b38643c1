import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/kubernetes/**/*.test.ts"],
    // A limit for what hangs: no test is about time.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Two cores are the least a machine has. Each file waits most of its time: for the next minute of a schedule, for pods.
    // The largest files come first, which are the longest ones too.
    fileParallelism: true,
    maxWorkers: 3,
    pool: "forks",
  },
});
