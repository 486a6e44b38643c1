// Run by a test: takes some steps of a swap (or of its undoing), then dies by SIGKILL.
import { swapSteps, undoSteps } from "../../../runner/files/swap-directories.ts";
import { testContext } from "../../support/test-context.ts";

const [direction, steps, names = ""] = process.argv.slice(2);
let left = Number(steps);
if (left === 0) process.kill(process.pid, "SIGKILL");
for await (const _ of (direction === "swap" ? swapSteps : undoSteps)(testContext(), JSON.parse(names))) {
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}
console.log("done");
