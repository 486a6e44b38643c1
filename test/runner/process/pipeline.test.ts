import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Invocation } from "../../../runner/process/invocation.ts";
import { type PipelineOptions, runPipeline } from "../../../runner/process/pipeline.ts";
import { JobError } from "../../../spec/index.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";
import { waitFor } from "../../support/wait-for.ts";

const sh = (script: string, more: Partial<Invocation> = {}): Invocation => ({
  file: "/bin/sh",
  args: ["-c", script],
  ...more,
});
const cat: Invocation = { file: "cat", args: [] };

const collect = () => {
  const chunks: Buffer[] = [];
  const output: PipelineOptions["output"] = async (stdout) => {
    for await (const chunk of stdout) chunks.push(chunk as Buffer);
  };
  return { output, text: () => Buffer.concat(chunks).toString() };
};

const failureOf = async (run: Promise<unknown>): Promise<unknown> => {
  try {
    await run;
  } catch (error) {
    return error;
  }
  throw new Error("it succeeded");
};

const children = async (): Promise<string[]> =>
  (await readFile(`/proc/self/task/${process.pid}/children`, "utf8")).split(" ").filter(Boolean);

const openPipesAndFiles = async (): Promise<string[]> => {
  const names = await readdir("/proc/self/fd");
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "gone")));
  return targets.filter((target) => /^(socket|pipe|\/dev\/shm)/.test(target));
};

describe("bytes", () => {
  test("100 MB pass three processes unchanged", async () => {
    const block = randomBytes(1 << 20);
    const [sent, received] = [createHash("sha256"), createHash("sha256")];
    const input = Readable.from(
      (function* () {
        for (let count = 0; count < 100; count += 1) {
          sent.update(block);
          yield block;
        }
      })(),
    );
    await runPipeline(testContext(), [cat, cat, cat], {
      input,
      output: async (stdout) => {
        for await (const chunk of stdout) received.update(chunk as Buffer);
      },
    });
    expect(received.digest("hex")).toBe(sent.digest("hex"));
  });

  test("the first bytes of a quick writer are not lost", async () => {
    for (let run = 0; run < 50; run += 1) {
      const { output, text } = collect();
      await runPipeline(testContext(), [sh("printf first; printf second"), cat, cat], { output });
      expect(text()).toBe("firstsecond");
    }
  });

  test("without an input the first process sees an empty one", async () => {
    const { output, text } = collect();
    await runPipeline(testContext(), [sh("wc -c")], { output });
    expect(text().trim()).toBe("0");
  });

  test("without an output the last process's is discarded", async () => {
    const [end] = await runPipeline(testContext(), [sh("seq 1000000")]);
    expect(end).toMatchObject({ exit: 0 });
  });
});

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

describe("input and output", () => {
  test("an input that errors is the cause, whatever the processes then say", async () => {
    const broken = new Error("the store went away");
    const input = Readable.from(
      (async function* () {
        yield Buffer.from("some");
        throw broken;
      })(),
    );
    const { output } = collect();
    expect(await failureOf(runPipeline(testContext(), [sh("cat; exit 1"), cat], { input, output }))).toBe(broken);
  });

  test("a consumer that throws is the cause, and ends every process", async () => {
    const full = new Error("the store is full");
    const error = await failureOf(
      runPipeline(testContext(), [sh("exec yes"), cat], {
        output: async (stdout) => {
          for await (const _ of stdout) throw full;
        },
      }),
    );
    expect(error).toBe(full);
    expect(await children()).toEqual([]);
  });

  test("a consumer that throws before it reads does not wait for processes that say nothing", async () => {
    const refused = new Error("refused");
    const output = async () => {
      throw refused;
    };
    expect(await failureOf(runPipeline(testContext(), [sh("exec sleep 600")], { output }))).toBe(refused);
    expect(await children()).toEqual([]);
  });

  test("a consumer that stops reading early fails the pipeline instead of blocking it", async () => {
    const output = async () => undefined;
    await expect(runPipeline(testContext(), [sh("exec yes"), cat], { output })).rejects.toMatchObject({
      code: "process-failed",
    });
  });

  test("an input is read to its end, also where the first process ends early and well", async () => {
    let last = 0;
    const input = Readable.from(
      (function* () {
        for (last = 1; last < 1000; last += 1) yield Buffer.alloc(1 << 16, "x");
      })(),
    );
    const { output, text } = collect();
    await runPipeline(testContext(), [{ file: "head", args: ["-c", "5"] }], { input, output });
    expect(text()).toBe("xxxxx");
    expect(last).toBe(1000);
  });

  test("an input is left where the first process fails, also one without an end", async () => {
    const input = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1 << 16, "x");
      })(),
    );
    await expect(runPipeline(testContext(), [sh("head -c 5; exit 3")], { input })).rejects.toMatchObject({
      fact: expect.stringContaining("exit code 3"),
    });
    expect(input.destroyed).toBe(true);
  });

  test("a middle process that ends early and well fails the pipeline: its writer could not write", async () => {
    await expect(
      runPipeline(testContext(), [sh("exec yes"), { file: "head", args: ["-n", "1"] }, cat]),
    ).rejects.toMatchObject({ fact: expect.stringMatching(/SIGPIPE|reset by peer/) });
  });
});

describe("file descriptors", () => {
  test("inputs are read at 3, 4, … by opening /dev/fd, to their ends", async () => {
    const { output, text } = collect();
    const inputs = ["one\n", "two\n".repeat(100_000)];
    await runPipeline(testContext(), [{ file: "cat", args: ["/dev/fd/3", "/dev/fd/4"], inputs }], { output });
    expect(text()).toBe(inputs.join(""));
  });

  test("inputs are read by number as well, and need not be read at all", async () => {
    const { output, text } = collect();
    await runPipeline(testContext(), [sh("cat <&4", { inputs: ["unread".repeat(100_000), "read"] })], { output });
    expect(text()).toBe("read");
  });

  test("an input is neither an argument, nor in the environment, nor a file with a name", async () => {
    const secret = "AGE-SECRET-KEY-FOR-THIS-TEST";
    const { output, text } = collect();
    const look =
      "tr '\\0' ' ' < /proc/$$/cmdline; tr '\\0' ' ' < /proc/$$/environ; readlink /proc/$$/fd/3; grep -rls -e AGE-SECRET /dev/shm /run/restorable-* /tmp/restorable-*/input; true";
    await runPipeline(testContext(), [sh(look, { inputs: [secret] })], { output });
    expect(text()).toContain("(deleted)");
    expect(text()).not.toContain(secret);
    expect(text()).not.toMatch(/^\/(dev\/shm|run|tmp)\/[^ ]*input$/m);
  });

  test("age opens what was encrypted with a key that only file descriptor 3 holds", async () => {
    const key = collect();
    await runPipeline(testContext(), [{ file: "age-keygen", args: [] }], { output: key.output });
    const recipient = /public key: (\S+)/.exec(key.text())?.[1] ?? "";
    const { output, text } = collect();
    await runPipeline(
      testContext(),
      [
        { file: "age", args: ["--encrypt", "--recipient", recipient] },
        { file: "age", args: ["--decrypt", "--identity", "/dev/fd/3"], inputs: [key.text()] },
      ],
      { input: Readable.from([Buffer.from("hello")]), output },
    );
    expect(text()).toBe("hello");
  });

  test("every index line arrives, also when the process ends right after it wrote them", async () => {
    for (let run = 0; run < 30; run += 1) {
      const lines: string[] = [];
      await runPipeline(testContext(), [
        sh("seq 20000 > /dev/fd/3; printf last >&3", { onIndexLine: (line) => lines.push(line) }),
      ]);
      expect(lines).toHaveLength(20_001);
      expect(lines.at(-1)).toBe("last");
    }
  });

  test("a callback that throws fails the pipeline with what it threw", async () => {
    const bad = new Error("cannot parse this");
    const onIndexLine = () => {
      throw bad;
    };
    expect(await failureOf(runPipeline(testContext(), [sh("echo x >&3; exec sleep 600 3>&-", { onIndexLine })]))).toBe(
      bad,
    );
    const onErrorLine = onIndexLine;
    expect(await failureOf(runPipeline(testContext(), [cat, sh("echo x >&2", { onErrorLine })]))).toBe(bad);
  });
});

describe("being told to stop", () => {
  const interrupted = new JobError("interrupted", "told to stop", "run again");

  test("a signal that was aborted before starts nothing", async () => {
    const directory = await tempDir();
    const context = testContext({ signal: AbortSignal.abort(interrupted) });
    expect(await failureOf(runPipeline(context, [sh(`touch ${directory}/started`)]))).toBe(interrupted);
    expect(await readdir(directory)).toEqual([]);
  });

  test("an abort ends every process and is the error", async () => {
    const stop = new AbortController();
    const { output } = collect();
    const run = failureOf(
      runPipeline(testContext({ signal: stop.signal }), [sh("exec sleep 600"), cat, cat], { output }),
    );
    await waitFor("three processes", async () => (await children()).length === 3);
    stop.abort(interrupted);
    expect(await run).toBe(interrupted);
    expect(await children()).toEqual([]);
  });

  test("a process that ignores SIGTERM, and a grandchild that holds its pipes, do not keep it waiting", async () => {
    const directory = await tempDir();
    await mkdir(path.join(directory, "up"));
    const stop = new AbortController();
    const run = failureOf(
      runPipeline(testContext({ signal: stop.signal }), [
        sh(`trap '' TERM; sleep 30 & touch ${directory}/up/1; wait; wait; sleep 30`),
      ]),
    );
    await waitFor("the process", async () => (await readdir(path.join(directory, "up"))).length === 1);
    stop.abort(interrupted);
    expect(await run).toBe(interrupted);
  });
});

test("200 runs leave no process, no descriptor and no listener behind", async () => {
  const context = testContext();
  const one = async (index: number) => {
    const failing = index % 2 === 1;
    const last = failing ? sh("exit 1", { inputs: ["secret"] }) : sh("cat <&3", { inputs: ["secret"] });
    const first = sh("echo index > /dev/fd/3; echo data", { onIndexLine: () => undefined });
    const middle = index % 5 === 0 ? { file: "no-such-program", args: [] } : cat;
    await runPipeline(context, [first, middle, last], collect()).catch(() => undefined);
  };
  await one(0);
  const before = await openPipesAndFiles();
  for (let index = 0; index < 200; index += 1) await one(index);
  await waitFor("closed descriptors", async () => {
    await turn();
    return (await openPipesAndFiles()).length <= before.length;
  });
  expect(await children()).toEqual([]);
  expect((await readdir("/dev/shm")).filter((name) => name.startsWith(`restorable-${process.pid}-`))).toEqual([]);
});
