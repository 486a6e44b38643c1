import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";

/** A file system of so many bytes of its own at a new directory; undefined where this user may not mount. The caller unmounts it. */
export async function mountSmall(directory: string, bytes: number): Promise<string | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  await mkdir(directory, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", directory], { stdio: "pipe" });
    return directory;
  } catch {
    return undefined; // root of a container without the capability
  }
}

export const unmount = (directory: string): void => {
  execFileSync("umount", ["--lazy", directory], { stdio: "pipe" });
};
