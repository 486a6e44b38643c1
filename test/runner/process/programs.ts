import { readFile } from "node:fs/promises";
import type { Invocation } from "../../../runner/process/invocation.ts";
import type { PipelineOptions } from "../../../runner/process/pipeline.ts";

export const sh = (script: string, more: Partial<Invocation> = {}): Invocation => ({
  file: "/bin/sh",
  args: ["-c", script],
  ...more,
});
export const cat: Invocation = { file: "cat", args: [] };

export const collect = () => {
  const chunks: Buffer[] = [];
  const output: PipelineOptions["output"] = async (stdout) => {
    for await (const chunk of stdout) chunks.push(chunk as Buffer);
  };
  return { output, text: () => Buffer.concat(chunks).toString() };
};

export const failureOf = async (run: Promise<unknown>): Promise<unknown> => {
  try {
    await run;
  } catch (error) {
    return error;
  }
  throw new Error("it succeeded");
};

export const children = async (): Promise<string[]> =>
  (await readFile(`/proc/self/task/${process.pid}/children`, "utf8")).split(" ").filter(Boolean);
