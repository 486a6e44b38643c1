import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { checkout } from "./tools.ts";

/** Left out of a project that shows this checkout: what the engine or a test would write to, and what it never reads. */
const OWN = new Set([".git", ".restorable", "test-results", "Pulumi.yaml", "stacks"]);

/**
 * Makes this repository's own project in `directory`: every file is a link into the checkout, but Pulumi.yaml and the
 * folder of the stacks' config files are real, so that stacks of tests and of the demo never appear in the checkout.
 * `name`: of the project, where things outside of it carry that name.
 */
export async function linkOwnProject(directory: string, name?: string): Promise<void> {
  await mkdir(path.join(directory, "stacks"), { recursive: true });
  const link = (name: string) => symlink(path.join(checkout, name), path.join(directory, name));
  for (const name of await readdir(checkout)) if (!OWN.has(name)) await link(name);
  for (const name of await readdir(path.join(checkout, "stacks"))) {
    if (!/^Pulumi\..*\.yaml$/.test(name)) await link(path.join("stacks", name));
  }
  const project = await readFile(path.join(checkout, "Pulumi.yaml"), "utf8");
  const named = name === undefined ? project : project.replace(/^name: .*$/m, `name: ${name}`);
  await writeFile(path.join(directory, "Pulumi.yaml"), named);
}
