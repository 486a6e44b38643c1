import { expect, test } from "vitest";
import { health, silence } from "../../../runner/schedule/health.ts";
import type { SchedulerState } from "../../../spec/index.ts";

const NOW = new Date("2026-11-21T02:00:00Z");
const at = (seconds: number) => new Date(NOW.getTime() - seconds * 1000).toISOString();
const state: SchedulerState = { version: 1, plan: "backups/aide-prod/aide", at: at(5), next: at(-60) };
const last = { started: at(90), finished: at(80), ok: true, point: "20261121T015830Z-7f3a" };
const error = { code: "bad-credentials", fact: "the server refused", hint: "give others" } as const;

test.each<[string, SchedulerState | undefined, boolean, string]>([
  ["nothing written", undefined, false, "its log says why"],
  ["alive, before its first run", state, true, "no run yet; the next one begins at 2026-11-21T02:01:00.000Z"],
  ["a run that succeeded", { ...state, last }, true, "took point 20261121T015830Z-7f3a"],
  ["a run that failed", { ...state, last: { ...last, ok: false, error } }, false, "the server refused; give others"],
  ["silent for a minute", { ...state, at: at(60) }, true, ""],
  ["silent for longer", { ...state, at: at(61) }, false, "no sign of life for 1 minutes"],
  ["cut off", { ...state, problem: "container app is stopped" }, false, "container app is stopped"],
  ["running", { ...state, running: at(9) }, true, "one is running"],
])("%s", (_what, value, healthy, text) => {
  const judged = health(value, NOW);
  expect(judged.healthy).toBe(healthy);
  expect(judged.text).toContain(text);
});

test("only one that is stuck or has not begun is to be ended: a failed run is no reason", () => {
  expect(silence(undefined, NOW)).toContain("has not begun yet");
  expect(silence({ ...state, at: at(61) }, NOW)).toContain("no sign of life");
  expect(silence({ ...state, last: { ...last, ok: false, error } }, NOW)).toBeUndefined();
});
