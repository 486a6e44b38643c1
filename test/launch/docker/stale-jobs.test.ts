import type Docker from "dockerode";
import { expect, test } from "vitest";
import { removeStale } from "../../../launch/docker/stale-jobs.ts";
import type { FoundJob } from "../../../launch/found-job.ts";

const NOW = new Date("2026-11-21T10:00:00Z");
const job = (state: FoundJob["state"], days: number): FoundJob => ({
  id: `${state}-${days}`,
  kind: "backup",
  state,
  began: new Date(NOW.getTime() - days * 86_400_000),
  container: `${state}-${days}`,
});

test("only jobs that do not run and are older than seven days lose their containers, and one refusal stops nothing", async () => {
  const asked: string[] = [];
  const engine = {
    getContainer: (name: string) => ({
      remove: async (options: object) => {
        asked.push(name);
        expect(options).not.toHaveProperty("force");
        if (asked.length === 1) throw new Error("somebody else removes it");
      },
    }),
  } as unknown as Docker;
  const jobs = [job("ended", 8), job("runs", 30), job("ended", 6), job("unstarted", 8), job("unstarted", 0)];
  await removeStale(engine, jobs, NOW);
  expect(asked).toEqual(["ended-8", "unstarted-8"]);
});
