import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import type { PostgresServer } from "../servers/postgres-server.ts";
import { tools } from "../servers/tools.ts";
import { psql } from "./sample-database.ts";

/** Rows and an order-independent digest of every table but the application's own, which changes all the time. */
export const fingerprint = async (server: PostgresServer, database: string): Promise<readonly string[]> => {
  const tables = await psql(
    server,
    database,
    `
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'upload'
      AND NOT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = format('%I.%I', schemaname, tablename)::regclass)
    ORDER BY 1`,
  );
  const queries = tables
    .split("\n")
    .map(
      (table) =>
        `SELECT ${literal(table)} || ' ' || count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM ${table} t;`,
    );
  const blobs =
    "SELECT 'large objects ' || count(*) || ' ' || sum(hashtextextended(encode(lo_get(oid), 'hex'), 0)) FROM pg_largeobject_metadata;";
  return (await psql(server, database, [...queries, blobs].join("\n"))).split("\n");
};

/** One digest of names, modes, owners, times and contents, without what the application adds. */
export const treeFingerprint = async (directory: string): Promise<string> => {
  const hash = createHash("sha256");
  const tar = execa(
    tools().tar,
    ["--create", "--sort=name", "--numeric-owner", "--format=gnu", "--exclude=./uploads", "-C", directory, "."],
    { encoding: "buffer", buffer: false },
  );
  for await (const chunk of tar.stdout) hash.update(chunk);
  await tar;
  return hash.digest("hex");
};

/** Uploads that the database names, and those of them whose file is missing. */
export const uploads = async (
  server: PostgresServer,
  database: string,
  directory: string,
): Promise<{ rows: number; withoutFile: number; newest: string }> => {
  const rows = (await psql(server, database, "SELECT file FROM upload ORDER BY id"))
    .split("\n")
    .filter((line) => line !== "");
  const files = new Set(await readdir(path.join(directory, "uploads")).catch(() => []));
  return {
    rows: rows.length,
    withoutFile: rows.filter((file) => !files.has(file)).length,
    newest: rows.at(-1) ?? "none",
  };
};

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
