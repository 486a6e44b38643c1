import { existsSync } from "node:fs";
import { createServer } from "node:net";
import {
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, onTestFinished, test } from "vitest";
import { onFreePort, PortTaken } from "../../tools/servers/free-port.ts";
import { type S3Keys, type S3Server, startS3 } from "../support/s3-server.ts";

async function newServer(): Promise<S3Server> {
  const server = await startS3();
  onTestFinished(() => server.stop());
  return server;
}

function clientOf(server: S3Server, keys?: S3Keys) {
  const client = server.client(keys);
  onTestFinished(() => client.destroy());
  return client;
}

describe("S3 for tests · versitygw", () => {
  test("two start side by side and leave nothing", async () => {
    const servers = await Promise.all([newServer(), newServer()]);
    for (const server of servers) {
      await server.createBucket("backups");
      await clientOf(server).send(new PutObjectCommand({ Bucket: "backups", Key: "a/b", Body: "one" }));
      await clientOf(server).send(new PutObjectCommand({ Bucket: "backups", Key: "a/b", Body: "two" }));
      const { Versions } = await clientOf(server).send(new ListObjectVersionsCommand({ Bucket: "backups" }));
      expect(Versions).toHaveLength(2);
      await server.stop();
      expect(existsSync(server.directory)).toBe(false);
    }
  });

  test("a bucket without versioning can be had", async () => {
    const server = await newServer();
    await server.createBucket("plain", { versioning: false });
    const { Status } = await clientOf(server).send(new GetBucketVersioningCommand({ Bucket: "plain" }));
    expect(Status).not.toBe("Enabled");
  });

  test("an ordinary user may do what the bucket's policy says, and nothing else", async () => {
    const server = await newServer();
    await server.createBucket("backups");
    const keys = await server.createUser("writer");
    const writer = clientOf(server, keys);
    const put = () => writer.send(new PutObjectCommand({ Bucket: "backups", Key: "k", Body: "x" }));
    await expect(put()).rejects.toMatchObject({ name: "AccessDenied" });
    const Statement = [
      { Effect: "Allow", Principal: [keys.accessKeyId], Action: ["s3:PutObject"], Resource: "arn:aws:s3:::backups/*" },
    ];
    await clientOf(server).send(
      new PutBucketPolicyCommand({ Bucket: "backups", Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
    );
    await put();
    const get = writer.send(new GetObjectCommand({ Bucket: "backups", Key: "k" }));
    await expect(get).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("a port that was taken in the meantime is not waited for: another one is tried", async () => {
    const tried: number[] = [];
    const port = await onFreePort(async (candidate) => {
      tried.push(candidate);
      if (tried.length < 3) throw new PortTaken();
      const server = createServer().listen(candidate, "127.0.0.1");
      onTestFinished(() => void server.close());
      return candidate;
    });
    expect(tried).toHaveLength(3);
    expect(port).toBe(tried[2]);
  });
});
