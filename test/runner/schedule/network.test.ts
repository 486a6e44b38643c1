import { expect, test } from "vitest";
import { networkWatch } from "../../../runner/schedule/network.ts";

const MINUTE = 60_000;

/** A namespace as a scheduler sees it, to be changed by a test. */
const aView = (interfaces = ["lo", "eth0"]) => {
  const state = { interfaces, written: 0, links: 1, now: MINUTE };
  const watch = networkWatch({
    interfaces: () => state.interfaces,
    hosts: () => ({ written: state.written, links: state.links }),
    now: () => new Date(state.now),
  });
  return { state, watch };
};

test("a container that is stopped and started: lost until it has been up for ten seconds, then back", () => {
  const { state, watch } = aView();
  expect(watch()).toBe("joined");
  state.interfaces = ["lo"];
  expect(watch()).toBe("lost");
  state.now += 60 * MINUTE;
  expect(watch()).toBe("lost");
  state.written = state.now;
  expect(watch()).toBe("lost");
  state.now += 9_999;
  expect(watch()).toBe("lost");
  state.now += 1;
  expect(watch()).toBe("back");
});

test("a container that starts again and again is not back", () => {
  const { state, watch } = aView();
  state.interfaces = ["lo"];
  for (let starts = 0; starts < 10; starts += 1) {
    state.now += 5_000;
    state.written = state.now;
    expect(watch()).toBe("lost");
  }
});

test("a container that was removed", () => {
  const { state, watch } = aView();
  state.interfaces = ["lo"];
  state.links = 0;
  expect(watch()).toBe("removed");
});

test("hosts that are written while all is well are no restart", () => {
  const { state, watch } = aView();
  state.written = 1_000;
  expect(watch()).toBe("joined");
  state.interfaces = ["lo"];
  expect(watch()).toBe("lost");
});

test("a container without a network of its own is never lost", () => {
  const { state, watch } = aView(["lo"]);
  state.written = 5;
  expect(watch()).toBe("joined");
});
