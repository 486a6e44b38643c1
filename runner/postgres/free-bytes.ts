import { readFile, statfs } from "node:fs/promises";
import path from "node:path";
import type { Session } from "./connect.ts";

const LOCAL = new Set(["localhost", "127.0.0.1", "::1"]);

/** Seconds by which two statements of one server's start may differ. */
const TOLERANCE = 60;

/**
 * Bytes free where the server keeps its data. SQL does not tell; on the same machine the directory does. A forwarded
 * port looks local too, so the directory must hold the very server that answers; else nothing is known.
 */
export const freeBytes = async (session: Session, host: string): Promise<number | undefined> => {
  if (!LOCAL.has(host) && !host.startsWith("/")) return undefined;
  const { rows } = await session.query<{ directory: string; started: string }>(
    `SELECT setting AS directory, extract(epoch FROM pg_catalog.pg_postmaster_start_time()) AS started
       FROM pg_catalog.pg_settings WHERE name = 'data_directory'`, // only for roles that may read all settings
  );
  if (!rows[0]) return undefined;
  const { directory, started } = rows[0];
  const lock = await readFile(path.join(directory, "postmaster.pid"), "utf8").catch(() => "");
  const same = Math.abs(Number(lock.split("\n")[2] || Number.NaN) - Number(started)) <= TOLERANCE;
  const disk = same ? await statfs(directory).catch(() => undefined) : undefined;
  return disk && disk.bavail * disk.bsize;
};
