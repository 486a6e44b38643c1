import { copyFile, mkdir, readdir, symlink } from "node:fs/promises";
import path from "node:path";
import { checkout } from "./tools.ts";

/** Left out of a project that shows this checkout: what the engine or a test would write to, and what it never reads. */
const OWN = new Set([".git", ".restorable", "test-results", "Pulumi.yaml", "stacks"]);

/**
 * Makes this repository's own project in `directory`: every file is a link into the checkout, but Pulumi.yaml and the
 * folder of the stacks' config files are real, so that stacks of tests and of the demo never appear in the checkout.
 */
export async function linkOwnProject(directory: string): Promise<void> {
  await mkdir(path.join(directory, "stacks"), { recursive: true });
  const link = (name: string) => symlink(path.join(checkout, name), path.join(directory, name));
  for (const name of await readdir(checkout)) if (!OWN.has(name)) await link(name);
  for (const name of await readdir(path.join(checkout, "stacks"))) {
    if (!/^Pulumi\..*\.yaml$/.test(name)) await link(path.join("stacks", name));
  }
  await copyFile(path.join(checkout, "Pulumi.yaml"), path.join(directory, "Pulumi.yaml"));
}
