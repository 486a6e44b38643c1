import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ERROR_CODES, exitCode, JobError, parse, secretRef } from "../../spec/index.ts";

describe("parse", () => {
  it("says the code, the fact and what to do, in one sentence", () => {
    const wrong = () => parse(z.strictObject({ a: z.number() }), { a: "1", b: 2 }, "thing", "bad-config");
    expect(wrong).toThrow(
      "thing.a: expected number, received string; thing: unknown key 'b' (bad-config); correct it and run again; nothing was touched",
    );
  });

  it("never repeats a value, which may be a secret put in the wrong place", () => {
    const values = ["hunter2", { kind: "env", name: "hunter2!" }, { kind: "value", value: "hunter2" }, ["hunter2"]];
    for (const value of values) {
      expect(() => parse(secretRef, value, "password")).toThrow(JobError);
      expect(() => parse(secretRef, value, "password")).not.toThrow(/hunter2/);
    }
  });
});

describe("errors", () => {
  it("has an exit code below 128 for all but the interrupt, and never 0 or 1", () => {
    for (const [code, { exit }] of Object.entries(ERROR_CODES)) {
      expect(exit, code).toBeGreaterThan(1);
      expect(exit, code).toBeLessThan(code === "interrupted" ? 131 : 128);
    }
  });

  it("calls anything that is no JobError a defect", () => {
    expect(exitCode(new JobError("busy", "x", "y"))).toBe(10);
    expect(exitCode(new TypeError("x"))).toBe(ERROR_CODES.bug.exit);
  });
});
