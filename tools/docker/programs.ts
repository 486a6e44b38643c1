import { accessSync, constants } from "node:fs";
import path from "node:path";
import { execa } from "execa";

/** Every program of this name on the PATH, in its order; and where a Debian package puts daemons. */
export function onPath(name: string): readonly string[] {
  const folders = new Set([...(process.env.PATH ?? "").split(path.delimiter), "/usr/bin", "/usr/sbin"]);
  return [...folders]
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .filter(runs);
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Installs Debian packages; throws with what to do where that cannot be done. */
export async function install(packages: readonly string[]): Promise<void> {
  const remedy = `install Docker (Debian: sudo apt-get install ${packages.join(" ")}), or point DOCKER_HOST at an engine`;
  if (process.getuid?.() !== 0 || onPath("apt-get").length === 0) {
    throw new Error(`no Docker engine answers and none is installed; ${remedy}`);
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) => execa("apt-get", args, { env, all: true, reject: false });
  const ask = () => apt("install", "-y", "--no-install-recommends", ...packages);
  let { exitCode, all } = await ask();
  // A fresh container has no package lists yet, so a first failure says nothing.
  if (exitCode !== 0) {
    await apt("update");
    ({ exitCode, all } = await ask());
  }
  if (exitCode !== 0) throw new Error(`${all}\napt-get could not install ${packages.join(" ")}; ${remedy}`);
}
