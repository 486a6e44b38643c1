import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import { testContext } from "../../support/test-context.ts";

describe("a consumer that begins late", () => {
  test("gets all of a short stream whose process has ended long ago", async () => {
    let got = "";
    await runPipeline(testContext(), [{ file: "cat", args: [] }], {
      input: Readable.from([Buffer.from("all of it")]),
      output: async (stdout, succeeded) => {
        await Promise.race([succeeded, pause(1_000)]); // the process has written, and is gone or about to be
        got = await text(stdout);
      },
    });
    expect(got).toBe("all of it");
  });
});
