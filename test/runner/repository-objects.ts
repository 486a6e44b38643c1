import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { World } from "./world.ts";

const run = promisify(execFile);

/** What lies in a world's repository, by key. */
export async function objects({ s3, plan }: World): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const { location } = plan.repository;
  if (location.kind === "directory") {
    const { stdout } = await run("find", [location.path, "-type", "f", "-printf", "%P\n"]);
    for (const key of stdout.split("\n").filter(Boolean)) found.set(key, await readFile(path.join(location.path, key)));
    return found;
  }
  const client = clientOf(s3);
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: "backups" }));
  for (const { Key = "" } of Contents) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: "backups", Key }));
    found.set(Key, Buffer.from((await Body?.transformToByteArray()) ?? []));
  }
  client.destroy();
  return found;
}

const clientOf = ({ endpoint, root }: World["s3"]) =>
  new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials: root });

export async function putObject({ s3, plan }: World, key: string, body: string | Buffer): Promise<void> {
  const { location } = plan.repository;
  if (location.kind === "directory") {
    const file = path.join(location.path, key);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, body);
    return;
  }
  const client = clientOf(s3);
  await client.send(new PutObjectCommand({ Bucket: "backups", Key: key, Body: body }));
  client.destroy();
}

/** Removes an object as another tool does, which knows of no versions. */
export async function removeObject({ s3, plan }: World, key: string): Promise<void> {
  const { location } = plan.repository;
  if (location.kind === "directory") {
    await rm(path.join(location.path, key));
    return;
  }
  const client = clientOf(s3);
  await client.send(new DeleteObjectCommand({ Bucket: "backups", Key: key }));
  client.destroy();
}
