import { describe, expect, test } from "vitest";
import { logPosition, unixTime } from "../../launch/log-position.ts";

describe("the place of a reader in a log", () => {
  const at = (time: string) => ({ at: time });
  const [first, second] = ["2026-11-21T10:00:00.1Z", "2026-11-21T10:00:00.123456789Z"];

  test("what comes again is left out", () => {
    const position = logPosition();
    expect(position.last()).toBe("");
    expect([first, second, second].map((time) => position.take(at(time)))).toEqual([true, true, true]);
    expect(position.last()).toBe(second);
    position.reconnect();
    const again = [second, second, second, "2026-11-21T10:00:02Z"];
    expect(again.map((time) => position.take(at(time)))).toEqual([false, false, true, true]);
  });

  test("so is what is older, where a log is given from the beginning of the second on", () => {
    const position = logPosition();
    for (const time of [first, first, second]) position.take(at(time));
    position.reconnect();
    const again = [first, first, second, "2026-11-21T10:00:00.2Z"];
    expect(again.map((time) => position.take(at(time)))).toEqual([false, false, false, true]);
    expect(position.take(at(first))).toBe(true); // a clock that was set back
  });

  test.each([
    ["2026-11-21T10:00:00.123456789Z", "1795255200.123456789"],
    ["2026-11-21T12:00:00.5+02:00", "1795255200.500000000"],
    ["2026-11-21T10:00:02Z", "1795255202.000000000"],
  ])("%s has all nine digits", (time, expected) => expect(unixTime(time)).toBe(expected));
});
