import type { z } from "zod";
import { type ErrorCode, JobError } from "./errors.ts";

/**
 * Parses a value, or says in one sentence what is wrong and where.
 * @throws JobError `code` (default `bad-spec`), naming the path of every mistake
 */
export const parse = <S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
  code: ErrorCode = "bad-spec",
): z.output<S> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(
    (issue) => `${[what, ...issue.path.map(String)].join(".")}: ${issueText(issue)}`,
  );
  throw new JobError(code, [...new Set(mistakes)].join("; "), "correct it and run again; nothing was touched");
};

/** What is wrong, without the path. */
export const issueText = (issue: z.core.$ZodIssue): string => {
  if (issue.code === "unrecognized_keys") return `unknown key ${issue.keys.map((key) => `'${key}'`).join(", ")}`;
  const text = issue.message
    .replace(/^(Invalid input|Invalid string|Too small|Too big): /, "")
    .replace(/^Invalid discriminator value. Expected/, "expected");
  const [, expected] = /^(expected .*), received undefined$/.exec(text) ?? [];
  return expected === undefined ? text : `is missing; ${expected}`;
};
