import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import {
  isIncremental,
  type Job,
  type Location,
  type Plan,
  parse,
  plan as planSchema,
  type Result,
  type Source,
} from "../../spec/index.ts";
import type { PostgresServer } from "../servers/postgres-server.ts";
import { checkout, tools } from "../servers/tools.ts";

export interface Keys {
  readonly recipient: string;
  readonly signingKey: string;
  readonly publicKey: string;
}

const env = (name: string) => ({ kind: "env" as const, name });

export const databaseSource = (postgres: PostgresServer, database: string): Source => ({
  kind: "postgres",
  name: "db",
  host: postgres.host,
  port: postgres.port,
  database,
  login: { user: postgres.user, password: env("PG_PASSWORD") },
  tls: { mode: "disable" },
  countFromStreamAbove: 20 * 1024 ** 3,
  format: "custom",
  maxSnapshotHours: 24,
  vacuumlo: false,
  allowEmpty: false,
  restoreJobs: 2,
});

export const filesSource = (directory: string): Extract<Source, { kind: "files" }> => ({
  kind: "files",
  name: "files",
  directory,
  store: { kind: "tar" },
  exclude: [],
  allowEmpty: false,
  byName: false,
});

/** A file-storage, of which each point stores what changed. */
export const storageSource = (directory: string): Source => ({
  ...filesSource(directory),
  store: { kind: "incremental" },
});

/** A plan of one source. */
export const makePlan = (name: string, source: Source, location: Location, ledger: string, keys: Keys): Plan =>
  parse(
    planSchema,
    {
      version: 1,
      project: "backups",
      stack: "bench",
      name,
      target: { kind: "local", ledger },
      sources: [source],
      repository: {
        environment: "bench",
        location,
        trusted: [keys.publicKey],
        signingKey: env("SIGNING_KEY"),
        ...(isIncremental(source) ? { filesPassword: env("FILES_PASSWORD") } : {}),
      },
      recipients: [keys.recipient],
    },
    "plan",
  );

export interface Ran {
  readonly result: Result & { readonly ok: true };
  /** The most memory that the runner's own process ever held, in bytes. */
  readonly peak: number;
}

/** Runs a job in the real runner. The kernel keeps the high-water mark, so its last reading before the end is the peak. */
export async function runJob(job: Job, secrets: Readonly<Record<string, string>>): Promise<Ran> {
  const { postgresBin, age, restic } = tools();
  const found = restic === undefined ? [] : [path.dirname(restic)];
  const child = spawn(process.execPath, [path.join(checkout, "runner/main.ts")], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: [...found, path.dirname(age), postgresBin, process.env.PATH].join(":"), HOME: process.env.HOME },
  });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, highWaterMark(child.pid));
  }, 50);
  child.stdin.end(`${JSON.stringify(job)}\n${JSON.stringify({ secrets })}\n`);
  const result = JSON.parse(await text(child.stdout)) as Result;
  clearInterval(watch);
  if (!result.ok) throw new Error(`${result.error.fact}; ${result.error.hint}`);
  return { result, peak };
}

const highWaterMark = (pid: number | undefined): number => {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it has ended
  }
};
