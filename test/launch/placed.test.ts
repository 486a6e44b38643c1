import { describe, expect, test } from "vitest";
import { fateText, interruptedText, type Placed } from "../../launch/placed.ts";

const placed: Placed = {
  id: "backup-1",
  stops: true,
  stopWith: "kubectl --namespace x delete job restorable-backup-1",
};

describe("Ctrl-C in the middle of a job", () => {
  test("says whether the job is told to stop", () => {
    expect(interruptedText("SIGINT", placed)).toMatch(/job backup-1 is told to stop; a second one leaves/);
    expect(interruptedText("SIGINT", { ...placed, stops: false })).toMatch(/is brought to its end first/);
    expect(interruptedText("SIGINT", undefined)).not.toMatch(/job/);
  });

  test.each([
    [true, "is told to stop and ends by itself once it has heard that"],
    [false, "goes on by itself"],
  ])("who leaves reads what becomes of it, how to follow it and how to stop it (told: %s)", (stops, fate) => {
    const text = fateText({ ...placed, stops });
    for (const part of [fate, "restorable attach backup-1", placed.stopWith]) expect(text).toContain(part);
  });
});
