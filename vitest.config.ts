import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A tier of its own: npm run test:docker.
    exclude: ["test/docker/**"],
    // A limit for what hangs, far above what anything takes: no test is about time.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    fileParallelism: true,
    maxWorkers: 2,
    pool: "forks",
  },
});
