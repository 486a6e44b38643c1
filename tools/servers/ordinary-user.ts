import { execFileSync } from "node:child_process";

export interface OrdinaryUser {
  readonly uid: number;
  readonly gid: number;
}

/** Whom PostgreSQL, which refuses to run as root, runs as: `postgres` or `nobody` when we are root, else ourselves. */
export function ordinaryUser(): OrdinaryUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string, name: string) =>
    Number(execFileSync("id", [flag, name], { stdio: ["ignore", "pipe", "ignore"] }).toString());
  for (const name of ["postgres", "nobody"]) {
    try {
      return { uid: id("-u", name), gid: id("-g", name) };
    } catch {
      // The next name.
    }
  }
  throw new Error("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`: add one");
}
