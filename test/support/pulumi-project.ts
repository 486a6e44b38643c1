import { appendFile, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { checkout, tools } from "../../tools/servers/tools.ts";

export { linkOwnProject } from "../../tools/servers/own-project.ts";

/** Providers that cannot be had without the open internet, and what plays them in tests. */
const STAND_INS = {
  docker: "test/stand-ins/docker/provider.ts",
  kubernetes: "test/stand-ins/kubernetes/provider.ts",
} as const;
export type StandIn = keyof typeof STAND_INS;

/** Lets the engine find stand-ins: a program for each in a folder of the project, named in its Pulumi.yaml. */
export async function useStandIns(project: string, names: readonly StandIn[]): Promise<void> {
  if (names.length === 0) return;
  const lines = names.map((name) => `    - { name: ${name}, path: ${path.join(project, "stand-ins", name)} }\n`);
  for (const name of names) {
    const folder = path.join(project, "stand-ins", name);
    await mkdir(folder, { recursive: true });
    const program = `#!/bin/sh\nexec "${tools().node}" "${path.join(checkout, STAND_INS[name])}" "$@"\n`;
    await writeFile(path.join(folder, `pulumi-resource-${name}`), program, { mode: 0o755 });
  }
  await appendFile(path.join(project, "Pulumi.yaml"), `plugins:\n  providers:\n${lines.join("")}`);
}

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
