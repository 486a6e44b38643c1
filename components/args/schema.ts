import { z } from "zod";
import { issueText } from "../../spec/index.ts";
import { isPlaceholder } from "./placeholder.ts";

/** One value that may also be an Output: then it is looked at when it is known, before it is used. */
export const leaf = (schema: z.ZodType): z.ZodType =>
  z.any().superRefine((value, context) => {
    if (isPlaceholder(value)) return;
    const result = schema.safeParse(value);
    for (const issue of result.error?.issues ?? []) {
      context.addIssue({ code: "custom", message: issueText(issue), path: issue.path });
    }
  });

/** A value that may be left out or be undefined. A default of the contract counts as left out. */
export const optional = (schema: z.ZodType): z.ZodType => leaf(schema).optional();

/** An object with exactly one of some keys, beside any of `others`. */
export const exclusive = (choices: Record<string, z.ZodType>, others: Record<string, z.ZodType> = {}): z.ZodType => {
  const names = Object.keys(choices);
  const shape = Object.fromEntries(names.map((name) => [name, (choices[name] as z.ZodType).optional()]));
  return z.strictObject({ ...shape, ...others }).superRefine((value, context) => {
    const given = names.filter((name) => (value as Record<string, unknown>)[name] !== undefined);
    if (given.length === 1) return;
    const received = given.length === 0 ? "none of them" : given.join(" and ");
    context.addIssue({ code: "custom", message: `expected exactly one of ${names.join(", ")}; received ${received}` });
  });
};

/** A choice that has nothing more to say. */
export const empty = z.strictObject({});

/** A secret or any other text that is not empty. */
export const text = z.string().min(1, "expected some text");

/** A program and its arguments. */
export const argv = z.array(leaf(z.string())).min(1, "expected a program and its arguments");

export const argvList = z.array(argv);
