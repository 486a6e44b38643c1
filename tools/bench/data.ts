import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import type { PostgresServer } from "../servers/postgres-server.ts";

const ROW = 1024;

export const sql = async (postgres: PostgresServer, database: string, text: string): Promise<void> => {
  const client = new pg.Client({ connectionString: postgres.url(database) });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
};

/** A database of tables of so many megabytes each. Its text is hex of random bytes: zstd halves it, as it does with many real tables. */
export async function fillDatabase(
  postgres: PostgresServer,
  database: string,
  { tables, megabytes }: { readonly tables: number; readonly megabytes: number },
): Promise<void> {
  await sql(postgres, "postgres", `CREATE DATABASE ${database}`);
  const rows = Math.round((megabytes * 1_000_000) / (ROW + 40));
  const text = `(SELECT string_agg(md5(random()::text || n || i), '') FROM generate_series(1, ${ROW / 32}) i)`;
  await sql(
    postgres,
    database,
    `CREATE TABLE t1 AS SELECT n, ${text} AS text FROM generate_series(1, ${rows}) n; ALTER TABLE t1 ADD PRIMARY KEY (n)`,
  );
  // The same rows again lie far outside zstd's window, so they compress no better.
  for (let table = 2; table <= tables; table += 1)
    await sql(postgres, database, `CREATE TABLE t${table} AS TABLE t1; ALTER TABLE t${table} ADD PRIMARY KEY (n)`);
  await sql(postgres, database, "VACUUM ANALYZE");
}

/** A tree of files of 4 to 36 kB, half of each random and half text. */
export async function fillFiles(directory: string, files: number): Promise<void> {
  for (let file = 0; file < files; file += 1) {
    const folder = path.join(directory, `folder-${Math.floor(file / 100)}`);
    if (file % 100 === 0) await mkdir(folder, { recursive: true });
    const half = randomBytes(2_000 + (file % 17) * 1_000);
    await writeFile(
      path.join(folder, `file-${file}`),
      Buffer.concat([half, Buffer.from(half.toString("hex").slice(0, half.length))]),
    );
  }
}
