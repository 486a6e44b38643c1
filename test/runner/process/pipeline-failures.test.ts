import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Invocation } from "../../../runner/process/invocation.ts";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import { JobError } from "../../../spec/index.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";
import { cat, children, collect, failureOf, sh } from "./programs.ts";

describe("[core.7] a pipeline succeeds only if every process does", () => {
  const stages = 4;
  const pipe = (at: number, failing: Invocation): Invocation[] =>
    Array.from({ length: stages }, (_, index) =>
      index === at ? failing : index === 0 ? sh("exec seq 2000000") : { ...cat },
    );
  const positions = Array.from({ length: stages }, (_, index) => index);

  test.each(positions)("process %i fails after it passed everything on", async (at) => {
    const { output } = collect();
    const error = await failureOf(
      runPipeline(testContext(), pipe(at, sh("cat; echo no luck >&2; exit 3")), { output }),
    );
    expect(error).toMatchObject({ code: "process-failed", fact: "/bin/sh ended with exit code 3: no luck" });
  });

  test.each(positions)("process %i fails before it read anything", async (at) => {
    const { output } = collect();
    const error = await failureOf(runPipeline(testContext(), pipe(at, sh("echo no >&2; exit 4")), { output }));
    expect(error).toMatchObject({ code: "process-failed", fact: "/bin/sh ended with exit code 4: no" });
  });

  test.each(positions.flatMap((at) => ["TERM", "KILL"].map((signal) => [at, signal] as const)))(
    "process %i is ended by SIG%s from outside",
    async (at, signal) => {
      const { output } = collect();
      const error = await failureOf(
        runPipeline(testContext(), pipe(at, sh(`echo half; kill -${signal} $$; cat`)), { output }),
      );
      expect(error).toMatchObject({ code: "process-failed" });
      expect((error as JobError).fact).toContain(`ended by SIG${signal}`);
      expect((error as JobError).fact).toContain(`exit code ${signal === "TERM" ? 143 : 137}`);
    },
  );

  test("what comes after a process that was killed may complain; the killed one is named", async () => {
    const error = await failureOf(
      runPipeline(testContext(), [sh("echo half; kill -KILL $$"), sh("cat; echo unexpected end >&2; exit 2")]),
    );
    expect((error as JobError).fact).toContain("ended by SIGKILL");
  });

  test("what comes before a process that failed dies of its broken pipe; the failed one is named", async () => {
    const complaining = sh("trap '' PIPE; seq 1000000 || { echo 'write: Broken pipe' >&2; exit 1; }");
    const error = await failureOf(runPipeline(testContext(), [complaining, cat, sh("exit 9")]));
    expect((error as JobError).fact).toContain("exit code 9");
  });

  test.each(positions)("process %i is not on the PATH", async (at) => {
    const { output } = collect();
    const missing = { file: "no-such-program", args: [] };
    const error = await failureOf(runPipeline(testContext(), pipe(at, missing), { output }));
    expect(error).toMatchObject({ code: "missing-tool" });
    expect(await children()).toEqual([]);
  });

  test.each(positions)("process %i cannot be started at all", async (at) => {
    const { output } = collect();
    const error = await failureOf(runPipeline(testContext(), pipe(at, { file: "cat", args: ["a\0b"] }), { output }));
    expect(error).toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
    expect(await children()).toEqual([]);
  });

  test("a first process that is missing leaves its input closed", async () => {
    const input = Readable.from([Buffer.alloc(1 << 20)]);
    const error = await failureOf(runPipeline(testContext(), [{ file: "no-such-program", args: [] }, cat], { input }));
    expect(error).toMatchObject({ code: "missing-tool" });
    expect(input.destroyed).toBe(true);
  });

  test("a program without execute permission, and a missing working directory, are said so", async () => {
    const directory = await tempDir();
    const file = path.join(directory, "program");
    await writeFile(file, "#!/bin/sh\n");
    await chmod(file, 0o644);
    expect(await failureOf(runPipeline(testContext(), [{ file, args: [] }]))).toMatchObject({
      code: "missing-tool",
      fact: expect.stringContaining("may not be executed"),
    });
    expect(await failureOf(runPipeline(testContext(), [{ ...cat, cwd: `${directory}/none` }]))).toMatchObject({
      code: "missing-directory",
    });
  });

  test("an exit code that is no failure is none, only where it is allowed", async () => {
    const [end] = await runPipeline(testContext(), [sh("exit 1", { okExits: [0, 1] })]);
    expect(end?.exit).toBe(1);
    await expect(runPipeline(testContext(), [sh("exit 1")])).rejects.toMatchObject({ code: "process-failed" });
    await expect(runPipeline(testContext(), [sh("exit 0", { okExits: [1] })])).rejects.toBeInstanceOf(JobError);
  });

  test("`explain` makes the error, and what it throws is the error too", async () => {
    const better = new JobError("wrong-key", "no key fits", "bring another");
    const explain = (exit: number, stderr: string) => (exit === 7 && stderr === "key" ? better : undefined);
    expect(await failureOf(runPipeline(testContext(), [sh("echo key >&2; exit 7", { explain }), cat]))).toBe(better);
    const throwing = () => {
      throw better;
    };
    expect(await failureOf(runPipeline(testContext(), [sh("exit 1", { explain: throwing })]))).toBe(better);
  });

  test("`succeeded` is refused to a consumer that saw the end of the bytes of a failed pipe", async () => {
    let published = false;
    const error = await failureOf(
      runPipeline(testContext(), [sh("echo all; exit 5"), cat], {
        output: async (stdout, succeeded) => {
          for await (const _ of stdout);
          await succeeded;
          published = true;
        },
      }),
    );
    expect((error as JobError).fact).toContain("exit code 5");
    expect(published).toBe(false);
  });
});
