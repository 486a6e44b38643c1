import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import type { StoreStream } from "../../../runner/artifact/store-stream.ts";
import { type Context, withSignal } from "../../../runner/context.ts";
import { dumpPostgres } from "../../../runner/postgres/dump.ts";
import { parseGlobals } from "../../../runner/postgres/globals.ts";
import { quoteIdentifier } from "../../../runner/postgres/identifier.ts";
import type { Archive } from "../../../runner/postgres/restore-beside.ts";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import { JobError, type Login, type PostgresSource, postgresSource } from "../../../spec/index.ts";
import type { PostgresServer } from "../../support/postgres-server.ts";

export interface World {
  readonly context: Context;
  readonly steps: string[];
  readonly secrets: Record<string, string>;
}

/** A context whose secrets are the given ones, and which records what is reported. */
export function makeWorld(secrets: Record<string, string>, signal = new AbortController().signal): World {
  const steps: string[] = [];
  const context: Context = {
    now: () => new Date("2026-11-21T01:00:00Z"),
    signal,
    secret: (ref) => {
      const value = ref.kind === "env" ? secrets[ref.name] : undefined;
      if (value === undefined) throw new JobError("missing-secret", "no such secret", "give it");
      return value;
    },
    report: { step: (_step, text) => steps.push(text), progress: () => {}, warning: (text) => steps.push(text) },
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C" },
    holder: { host: "test", boot: "boot", pidNamespace: "pid:[1]", pid: process.pid, startTicks: "1" },
    random: () => 0,
  };
  return { context, steps, secrets };
}

export const loginOf = (user: string): Login => ({ user, password: { kind: "env", name: user } });

/** A source on the server; by default as its superuser. */
export function sourceOn(
  server: PostgresServer,
  database: string,
  more: Partial<PostgresSource> & { readonly login?: Login } = {},
): PostgresSource {
  return postgresSource.parse({
    kind: "postgres",
    name: "db",
    host: server.host,
    port: server.port,
    database,
    login: loginOf("postgres"),
    ...more,
  });
}

/** Runs statements one by one as the superuser. */
export async function sql(
  server: PostgresServer,
  database: string,
  ...statements: string[]
): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ ...connection(server, database) });
  client.on("error", () => {});
  await client.connect();
  try {
    const results: pg.QueryResult[] = [];
    for (const statement of statements) results.push(await client.query(statement));
    return results;
  } finally {
    await client.end();
  }
}

export const connection = (
  server: PostgresServer,
  database: string,
  user = "postgres",
  password = server.password,
) => ({
  host: server.host,
  port: server.port,
  user,
  password,
  database,
});

export async function value(server: PostgresServer, database: string, query: string): Promise<unknown> {
  const [result] = await sql(server, database, query);
  return Object.values((result?.rows[0] ?? {}) as object)[0];
}

/**
 * Stores streams as plain files: what the real one does without compression and encryption. Nothing is read from the
 * producers until `before` has ended: they run, and wait for their reader.
 */
export function fileStore(context: Context, directory: string, before?: () => Promise<unknown>): StoreStream {
  return async ({ role, file, format, producers, text, signal }) => {
    await mkdir(directory, { recursive: true });
    const target = path.join(directory, file);
    const within = signal ? withSignal(context, AbortSignal.any([context.signal, signal])) : context;
    if (text !== undefined) await pipeline(Readable.from([text]), createWriteStream(target));
    else {
      await runPipeline(within, producers, {
        output: async (stdout) => {
          await before?.();
          await pipeline(stdout, createWriteStream(target));
        },
      });
    }
    const body = await readFile(target);
    const sha256 = createHash("sha256").update(body).digest("hex");
    return { role, key: file, bytes: body.length, sha256, format, compression: "zstd", encryption: "age" };
  };
}

/** What a job fails with. */
export async function failure(work: Promise<unknown>): Promise<JobError> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof JobError) return error;
  throw error;
}

/** A database of its own with one small table. */
export async function small(server: PostgresServer, name: string, ...more: string[]): Promise<void> {
  await sql(server, "postgres", `CREATE DATABASE ${quoteIdentifier(name)}`);
  await sql(server, name, "CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)", ...more);
}

/** A dump in a directory, with what a restore of it needs. */
export async function dumpTo({ context }: World, source: PostgresSource, directory: string) {
  const entry = await dumpPostgres(context, source, fileStore(context, directory));
  const globals = parseGlobals(await readFile(path.join(directory, "db.globals.sql"), "utf8"));
  const archive: Archive = { file: path.join(directory, "db.dump") };
  return { entry, globals, archive };
}
