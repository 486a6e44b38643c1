import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { PostgresServer } from "../servers/postgres-server.ts";
import { tools } from "../servers/tools.ts";

/**
 * What a person would type: real pipes of a real shell, no manifest, no counting, no check. Names come as arguments,
 * never as a part of the script.
 */
const shell = async (env: NodeJS.ProcessEnv, bin: string, script: string, args: readonly string[]): Promise<void> => {
  const child = spawn("bash", ["-c", `set -euo pipefail; ${script}`, "raw", ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...env, PATH: `${bin}:${process.env.PATH}` },
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the raw pipeline ended with ${code}: ${script}`);
};

export const SCRIPTS = {
  dump: 'pg_dump -Fc -Z0 "$1" | zstd -3 -q | age -r "$2" > "$3"',
  tar: 'tar -C "$1" -cf - --sort=name --xattrs --acls . | zstd -3 -q | age -r "$2" > "$3"',
  restore:
    'age -d -i "$1" "$2" | zstd -dq > "$3" && createdb "$4" && pg_restore -j2 -d "$4" "$3" && rm "$3" && psql -qc ANALYZE "$4"',
} as const;

export const rawDump = (postgres: PostgresServer, database: string, recipient: string, file: string): Promise<void> =>
  shell(postgres.env(), postgres.bin, SCRIPTS.dump, [database, recipient, file]);

export const rawTar = (postgres: PostgresServer, directory: string, recipient: string, file: string): Promise<void> =>
  shell(postgres.env(), postgres.bin, SCRIPTS.tar, [directory, recipient, file]);

export const rawRestore = (
  postgres: PostgresServer,
  { identity, file, scratch, database }: { identity: string; file: string; scratch: string; database: string },
): Promise<void> => shell(postgres.env(), postgres.bin, SCRIPTS.restore, [identity, file, scratch, database]);

/** restic as its manual shows it; where the repository is, and its password, are in the environment. */
export const RESTIC_SCRIPTS = {
  init: "restic init --quiet",
  backup: 'restic backup --quiet "$1"',
  restore: 'restic restore latest --quiet --verify --target "$1"',
} as const;

export const rawRestic = (
  env: NodeJS.ProcessEnv,
  what: keyof typeof RESTIC_SCRIPTS,
  ...args: readonly string[]
): Promise<void> => shell(env, path.dirname(tools().restic ?? ""), RESTIC_SCRIPTS[what], args);
