import { symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onlyPrograms } from "../../support/standard-tools.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { backupOf, makeWorld, type World } from "../world.ts";

/** All that an empty machine has: none of it is ours. */
const STANDARD = ["age", "zstd", "tar", "cp", "mkdir", "rm", "pg_restore", "createdb"];

describe("a point restored by hand · postgres", () => {
  let world: World;

  beforeAll(async () => {
    world = await makeWorld({ repository: "directory" });
    await world.sql(
      "app",
      "CREATE TABLE t AS SELECT n, md5(n::text) FROM generate_series(1, 777) n; SELECT lo_from_bytea(0, 'x')",
    );
    await writeFile(path.join(world.files, "it's a file"), "content", { mode: 0o640 });
    await symlink("it's a file", path.join(world.files, "link"));
  });
  afterAll(() => world.close());

  test("the manifest's own commands restore database and files, with standard tools only and this project not installed", async () => {
    const { commands } = await backupOf(world);
    const directory = await tempDir("by-hand");
    const bin = await onlyPrograms(directory, STANDARD);
    await writeFile(path.join(directory, "operator.txt"), `${world.operatorKey}\n`, { mode: 0o600 });
    const script = commands
      .join("\n")
      .replaceAll("YOUR-KEY-FILE", "operator.txt")
      .replaceAll("NEW-DATABASE", "by_hand")
      .replaceAll("NEW-DIRECTORY", "restored");
    const { host, port } = world.postgres;
    const env = {
      PATH: bin,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: "postgres",
      PGPASSWORD: world.postgres.password,
    };
    await execa("/bin/sh", ["-e", "-c", script], { cwd: directory, env, extendEnv: false });
    const { rows } = await world.sql(
      "by_hand",
      "SELECT count(*)::int AS rows, (SELECT count(*)::int FROM pg_largeobject_metadata) AS blobs FROM t",
    );
    expect(rows).toEqual([{ rows: 777, blobs: 1 }]);
    expect(await treeDigest(path.join(directory, "restored"))).toEqual(await treeDigest(world.files));
  });

  test("a truncated copy of the dump stops the same commands", async () => {
    const { commands, sources } = await backupOf(world);
    const directory = await tempDir("by-hand-truncated");
    const bin = await onlyPrograms(directory, STANDARD);
    await writeFile(path.join(directory, "operator.txt"), `${world.operatorKey}\n`);
    const dump = sources.flatMap(({ artifacts }) => artifacts).find(({ role }) => role === "dump");
    const file = path.join("/", ...(dump?.key.split("/").slice(-1) ?? []));
    const [copy = "", ...rest] = commands;
    const cut = `${copy}\nhead -c 300 ./'${file.slice(1)}' > cut; mv cut './${file.slice(1)}'`;
    const script = [cut, ...rest]
      .join("\n")
      .replaceAll("YOUR-KEY-FILE", "operator.txt")
      .replaceAll("NEW-DATABASE", "truncated")
      .replaceAll("NEW-DIRECTORY", "restored");
    const { host, port } = world.postgres;
    const env = {
      PATH: `${bin}:/usr/bin:/bin`,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: "postgres",
      PGPASSWORD: world.postgres.password,
    };
    const { exitCode } = await execa("/bin/sh", ["-e", "-c", script], {
      cwd: directory,
      env,
      extendEnv: false,
      reject: false,
    });
    expect(exitCode).not.toBe(0);
  });
});
