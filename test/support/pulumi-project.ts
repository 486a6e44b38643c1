import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { checkout } from "../../tools/servers/tools.ts";

export { linkOwnProject } from "../../tools/servers/own-project.ts";

/** Makes or replaces a project `inline` of one program (TypeScript, ESM) that finds this checkout's packages. */
export async function writeInlineProject(directory: string, program: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await symlink(path.join(checkout, "node_modules"), path.join(directory, "node_modules")).catch(ignoreExisting);
  await writeFile(path.join(directory, "package.json"), '{ "type": "module" }\n');
  await writeFile(path.join(directory, "index.ts"), program);
  const runtime = "{ name: nodejs, options: { typescript: false } }";
  await writeFile(path.join(directory, "Pulumi.yaml"), `name: inline\nruntime: ${runtime}\nmain: index.ts\n`);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
