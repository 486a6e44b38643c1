import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onlyPrograms } from "../../support/standard-tools.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { makeShapes } from "../files/shapes.ts";
import type { World } from "../world.ts";
import { makeResticWorld, PASSWORD, snapshotNow } from "./world.ts";

/** `aws s3 cp --recursive --endpoint-url URL s3://BUCKET/KEY .`, of a server that keeps each object as a file. */
const COPIES = `#!/bin/sh
[ "$1 $2 $3" = "s3 cp --recursive" ] && exec cp -R "$BUCKETS/\${6#s3://}." "$7"
`;

describe.each([
  ["a snapshot restored by hand · directory", "directory"],
  ["a snapshot restored by hand · versitygw", "s3"],
] as const)("%s", (_title, repository) => {
  let world: World;

  beforeAll(async () => {
    world = await makeResticWorld({ repository });
    await makeShapes(world.files);
    await rm(path.join(world.files, "link again")); // restic gives a second name of a link a link of its own
    await writeFile(path.join(world.files, "it's a file"), randomBytes(300_000));
  });
  afterAll(() => world?.close());

  test("the manifest's own commands restore the files with age and restic, and this project not installed", async () => {
    const digest = await treeDigest(world.files);
    const { commands } = (await snapshotNow(world)).manifest;
    expect(commands.join("\n")).not.toContain(PASSWORD);
    await writeFile(path.join(world.files, "it's a file"), "of a later point");
    await snapshotNow(world);
    const directory = await tempDir("snapshot-by-hand");
    const bin = await onlyPrograms(directory, ["age", "restic", "zstd", "cp", "rm"]);
    await writeFile(path.join(bin, "aws"), COPIES, { mode: 0o755 });
    await writeFile(path.join(directory, "operator.txt"), `${world.operatorKey}\n`, { mode: 0o600 });
    const script = commands
      .join("\n")
      .replaceAll("YOUR-KEY-FILE", "operator.txt")
      .replaceAll("NEW-DIRECTORY", "restored");
    const keys = { AWS_ACCESS_KEY_ID: world.secrets.S3_ID, AWS_SECRET_ACCESS_KEY: world.secrets.S3_SECRET };
    const env = { PATH: bin, BUCKETS: path.join(world.s3.directory, "buckets"), ...(repository === "s3" ? keys : {}) };
    await execa("/bin/sh", ["-e", "-c", script], { cwd: directory, env, extendEnv: false });
    expect(await treeDigest(path.join(directory, "restored/files"))).toEqual(digest);
    const secret = await execa("/bin/sh", ["-c", "ls"], { cwd: directory });
    expect(secret.stdout.split("\n")).not.toContain("files-password.txt");
    expect(secret.stdout.split("\n")).not.toContain("point-key.txt");
  });
});
