import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import { testContext } from "../../support/test-context.ts";
import { cat, children, collect, failureOf, sh } from "./programs.ts";

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
