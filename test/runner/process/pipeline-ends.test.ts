import { mkdir, readdir, readlink } from "node:fs/promises";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import { JobError } from "../../../spec/index.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";
import { waitFor } from "../../support/wait-for.ts";
import { cat, children, collect, failureOf, sh } from "./programs.ts";

const openPipesAndFiles = async (): Promise<string[]> => {
  const names = await readdir("/proc/self/fd");
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "gone")));
  return targets.filter((target) => /^(socket|pipe|\/dev\/shm)/.test(target));
};

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
