import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { childRunner } from "../../../runner/schedule/child.ts";
import { CHECK, CHECKED, LINGERING_RUNNER } from "../../support/lingering-runner.ts";
import { tempDir } from "../../support/temp-dir.ts";

const never = new AbortController().signal;

test("a job that hangs after it has said its result is killed, and the result counts", async () => {
  const main = path.join(await tempDir("child"), "main.ts");
  await writeFile(main, LINGERING_RUNNER);
  const said: string[] = [];
  const run = childRunner({
    main,
    secrets: {},
    now: () => new Date(),
    onStderr: () => undefined,
    onStdout: (line) => said.push(line),
    lingerSeconds: 0.1,
  });
  expect(await run(CHECK, never)).toEqual(CHECKED);
  expect(said.map((line) => JSON.parse(line))).toEqual([CHECKED]);
});
