import type { z } from "zod";
import { JobError } from "../../spec/index.ts";

/** Values of a stream of lines, one JSON value each. Throws `corrupt` for a line that is none of ours. */
export async function* parseLines<S extends z.ZodType>(
  chunks: AsyncIterable<Buffer | string> | Iterable<Buffer | string>,
  schema: S,
  name: string,
): AsyncGenerator<z.output<S>, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = `${rest}${typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield parseLine(line, schema, name);
  }
  // Every line ends with a newline: one that does not was cut.
  if (rest !== "") throw broken(name, "its last line is cut");
}

const parseLine = <S extends z.ZodType>(line: string, schema: S, name: string): z.output<S> => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw broken(name, "a line is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw broken(name, parsed.error.issues[0]?.message ?? "a line is not what it should be");
};

const broken = (name: string, why: string): JobError =>
  new JobError("corrupt", `${name} cannot be read: ${why}`, "choose another point, and keep this one for inspection");

export const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
