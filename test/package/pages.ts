import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { checkout } from "../support/tools.ts";

export interface Page {
  /** Relative to the checkout. */
  readonly file: string;
  readonly text: string;
}

/** Every page that a reader may open. */
export const pages: readonly Page[] = globSync(["*.md", "docs/**/*.md"], { cwd: checkout })
  .sort()
  .map((file) => ({ file, text: readFileSync(path.join(checkout, file), "utf8") }));

export const page = (file: string): string => {
  const found = pages.find((candidate) => candidate.file === file);
  if (!found) throw new Error(`${file} is missing`);
  return found.text;
};

/** The fenced blocks of one language. */
export const blocks = (text: string, language: string): readonly string[] =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, name, body = ""]) => (name === language ? [body] : []));
