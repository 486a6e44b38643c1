import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { issueText } from "../../spec/index.ts";
import { withPlaceholders } from "./placeholder.ts";

/**
 * Refuses wrong arguments before anything exists, at preview too.
 *
 * @param what the component as messages name it: `BackupPlan "packit"`
 * @throws pulumi.RunError with one line per mistake, each with its path; Pulumi prints it without a stack trace
 */
export const checkArgs = (schema: z.ZodType, what: string, args: unknown): void => {
  resolved(schema, what, withPlaceholders(args));
};

/**
 * Parses a specification whose Outputs are known now.
 * @throws pulumi.RunError with one line per mistake, each with its path
 */
export const resolved = <S extends z.ZodType>(schema: S, what: string, value: unknown): z.output<S> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const mistakes = result.error.issues.map((issue) => `${what}: ${at(issue.path)}${sentence(issue)}`);
  throw new pulumi.RunError([...new Set(mistakes)].join("\n"));
};

/** Refuses what the schema of one component cannot see. */
export const refuse = (what: string, path: string, fact: string): never => {
  throw new pulumi.RunError(`${what}: ${path}: ${fact}`);
};

const at = (path: readonly PropertyKey[]): string => {
  const name = path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}.${String(key)}`),
    "",
  );
  return name === "" ? "" : `${name.replace(/^\./, "")}: `;
};

const sentence = (issue: z.core.$ZodIssue): string =>
  issueText(issue).replace(
    /received symbol$/,
    "received an Output; only single values may be Outputs, because the structure decides what is declared",
  );
