import { describe, expect, test } from "vitest";
import { untilItsEnd } from "../../launch/until-its-end.ts";
import { JobError, type Result } from "../../spec/index.ts";

const DONE = { ok: true } as Result;
const FAILED = { ok: false } as Result;

/** What is called, in its order. */
const attend = async (follow: () => Promise<Result>): Promise<readonly string[]> => {
  const calls: string[] = [];
  const note = (what: string) => async () => {
    calls.push(what);
  };
  const end = untilItsEnd(
    { id: "backup-1", stops: true, stopWith: "" },
    {
      onPlaced: (placed) => calls.push(`placed ${placed?.id}`),
      follow,
      remove: note("remove"),
      end: note("end"),
      unmake: note("unmake"),
    },
  );
  calls.push(
    await end.then(
      ({ ok }) => `ok ${ok}`,
      (error: JobError) => error.code,
    ),
  );
  return calls;
};

describe("a job that is followed to its end", () => {
  test("is removed once its result is there", async () => {
    expect(await attend(async () => DONE)).toEqual(["placed backup-1", "remove", "placed undefined", "ok true"]);
  });

  test("one that failed takes along what was made for it", async () => {
    const calls = await attend(async () => FAILED);
    expect(calls).toEqual(["placed backup-1", "remove", "unmake", "placed undefined", "ok false"]);
  });

  test.each([
    ["engine-unreachable", []],
    ["process-failed", ["end"]],
    ["interrupted", ["end"]],
  ] as const)("%s: without a result it is ended, and stays only where its target stays away", async (code, removed) => {
    const calls = await attend(() => Promise.reject(new JobError(code, "fact", "hint")));
    expect(calls).toEqual(["placed backup-1", ...removed, "placed undefined", code]);
  });
});
