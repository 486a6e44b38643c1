import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/kubernetes/**/*.test.ts"],
    // A limit for what hangs: no test is about time.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Two cores are the least a machine has, and a database and a backup of it already take both.
    fileParallelism: false,
    pool: "forks",
  },
});
