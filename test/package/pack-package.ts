import { cp, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { checkout } from "../support/tools.ts";

/**
 * Builds the package and packs it, as `npm run build` and `npm pack` do, but beside the checkout, where other tests run.
 * Returns the archive's path.
 */
export async function packPackage(directory: string): Promise<string> {
  const stage = path.join(directory, "package");
  await mkdir(stage);
  const { files } = JSON.parse(await readFile(path.join(checkout, "package.json"), "utf8"));
  for (const name of ["package.json", ...files].filter((file: string) => file !== "dist")) {
    await cp(path.join(checkout, name), path.join(stage, name), { recursive: true });
  }
  const tsc = path.join(checkout, "node_modules/.bin/tsc");
  await execa(tsc, ["--project", path.join(checkout, "tsconfig.build.json"), "--outDir", path.join(stage, "dist")]);
  const { stdout } = await execa("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", directory], {
    cwd: stage,
  });
  return path.join(directory, JSON.parse(stdout)[0].filename);
}
