import { expect, test } from "vitest";
import { clusterCron } from "../../../components/render/cluster-cron.ts";

test.each([
  ["@daily", "0 0 * * *"],
  ["0 0 1 * * *", "0 1 * * *"],
  ["*/5 8-18 * * MON-FRI", "*/5 8-18 * * MON-FRI"],
  ["0 3 * * 7", "0 3 * * 0"],
  ["0 3 * * 5-7", "0 3 * * 5,6,0"],
  ["0 3 * * 1-7/3", "0 3 * * 1,4,0"],
  ["0 3 * * 0,7", "0 3 * * 0"],
  ["0 3 * * SAT-7", "0 3 * * 6,0"],
  ["0 3 * * 0-7", "0 3 * * 0,1,2,3,4,5,6"],
])("%s runs as '%s'", (cron, fields) => {
  expect(clusterCron(cron)).toBe(fields);
});

test("seconds are refused", () => {
  expect(() => clusterCron("30 0 1 * * *")).toThrow("seconds '30' cannot run on this scheduler");
});
