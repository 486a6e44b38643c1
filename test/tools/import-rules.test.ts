import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { tempDir } from "../support/temp-dir.ts";
import { checkout } from "../support/tools.ts";

/** The names of the rules that a tree with these files breaks. */
async function broken(files: Record<string, string>): Promise<readonly string[]> {
  const tree = await tempDir("rules");
  await symlink(path.join(checkout, "node_modules"), path.join(tree, "node_modules"));
  for (const name of ["package.json", "tsconfig.json", ".dependency-cruiser.cjs"]) {
    await symlink(path.join(checkout, name), path.join(tree, name));
  }
  for (const [name, text] of Object.entries({ "spec/a.ts": "export const a = 1;", ...files })) {
    await mkdir(path.dirname(path.join(tree, name)), { recursive: true });
    await writeFile(path.join(tree, name), text);
  }
  const folders = [...new Set(["spec", ...Object.keys(files).map((name) => name.split("/")[0] ?? "")])];
  const args = ["--config", ".dependency-cruiser.cjs", "--output-type", "json", ...folders];
  const { stdout } = await execa("depcruise", args, {
    cwd: tree,
    preferLocal: true,
    localDir: checkout,
    reject: false,
  });
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
  return [...new Set(summary.violations.map(({ rule }) => rule.name))].sort();
}

describe("import rules", () => {
  test("what the design allows passes", async () => {
    const rules = await broken({
      "spec/b.ts":
        'import { z } from "zod"; import { Cron } from "croner"; import { a } from "./a.ts"; console.log(z, Cron, a);',
      "components/b.ts":
        'import * as pulumi from "@pulumi/pulumi"; import { a } from "../spec/a.ts"; console.log(pulumi, a);',
      "runner/b.ts":
        'import { readFileSync } from "node:fs"; import { a } from "../spec/a.ts"; console.log(readFileSync, a);',
      "launch/b.ts": 'import { a } from "../spec/a.ts"; export const b = a;',
      "cli/b.ts": 'import { b } from "../launch/b.ts"; console.log(b);',
      "stacks/b.ts": 'import "../components/b.ts"; import "../spec/a.ts";',
    });
    expect(rules).toEqual([]);
  });

  test.each([
    ["spec-imports", "spec/b.ts", 'import "../runner/a.ts";'],
    ["spec-packages", "spec/b.ts", 'import * as execa from "execa"; console.log(execa);'],
    ["spec-is-pure", "spec/b.ts", 'import { readFileSync } from "node:fs"; console.log(readFileSync);'],
    ["components-imports", "components/b.ts", 'import type { A } from "../runner/a.ts"; export type B = A;'],
    ["components-packages", "components/b.ts", 'import { execa } from "execa"; console.log(execa);'],
    ["components-do-no-io", "components/b.ts", 'import { spawn } from "node:child_process"; console.log(spawn);'],
    ["runner-imports", "runner/b.ts", 'import "../launch/a.ts";'],
    ["runner-without-pulumi", "runner/b.ts", 'import * as pulumi from "@pulumi/pulumi"; console.log(pulumi);'],
    ["launch-imports", "launch/b.ts", 'import "../runner/a.ts";'],
    ["cli-imports", "cli/b.ts", 'import "../runner/a.ts";'],
    ["stacks-imports", "stacks/b.ts", 'import "../runner/a.ts";'],
    ["nothing-imports-tests-or-tools", "runner/b.ts", 'import "../tools/a.ts";'],
    ["no-cycles", "runner/b.ts", 'import "./c.ts"; export {};'],
    ["resolvable", "runner/b.ts", 'import "./missing.ts";'],
    ["declared", "runner/b.ts", 'import * as fc from "fast-check"; console.log(fc);'],
  ])("%s is noticed", async (rule, file, source) => {
    const rules = await broken({
      "runner/a.ts": "export type A = 1;",
      "launch/a.ts": "export {};",
      "tools/a.ts": "export {};",
      "runner/c.ts": rule === "no-cycles" ? 'import "./b.ts"; export {};' : "export {};",
      [file]: source,
    });
    expect(rules).toContain(rule);
  });
});
