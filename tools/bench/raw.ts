import { spawn } from "node:child_process";
import { once } from "node:events";
import type { PostgresServer } from "../servers/postgres-server.ts";

/**
 * What a person would type: real pipes of a real shell, no manifest, no counting, no check. Names come as arguments,
 * never as a part of the script.
 */
const shell = async (postgres: PostgresServer, script: string, args: readonly string[]): Promise<void> => {
  const child = spawn("bash", ["-c", `set -euo pipefail; ${script}`, "raw", ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...postgres.env(), PATH: `${postgres.bin}:${process.env.PATH}` },
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
  shell(postgres, SCRIPTS.dump, [database, recipient, file]);

export const rawTar = (postgres: PostgresServer, directory: string, recipient: string, file: string): Promise<void> =>
  shell(postgres, SCRIPTS.tar, [directory, recipient, file]);

export const rawRestore = (
  postgres: PostgresServer,
  { identity, file, scratch, database }: { identity: string; file: string; scratch: string; database: string },
): Promise<void> => shell(postgres, SCRIPTS.restore, [identity, file, scratch, database]);
