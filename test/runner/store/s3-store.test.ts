import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListMultipartUploadsCommand,
  PutBucketPolicyCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openStore } from "../../../runner/store/open-store.ts";
import { multipartEtag } from "../../../runner/store/s3-upload.ts";
import type { Store } from "../../../runner/store/store.ts";
import { EXPIRE_TAG, type S3Repository } from "../../../spec/index.ts";
import { makeServerCertificate } from "../../../tools/servers/server-certificate.ts";
import { type S3Keys, type S3Server, startS3 } from "../../support/s3-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { startTlsFront } from "../../support/tls-front.ts";
import { storeContract } from "./contract.ts";
import { type BadNetwork, startProxy, type Trouble } from "./proxy.ts";
import { s3Location, s3Secrets } from "./s3-location.ts";
import { testContext } from "./test-context.ts";

const MIB = 1024 * 1024;
const never = () => new AbortController().signal;
const stream = (bytes: Buffer) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    })(),
    { objectMode: false },
  );
const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

let server: S3Server;
let admin: S3Client;
let count = 0;
beforeAll(async () => {
  server = await startS3();
  admin = server.client();
  await server.createBucket("versioned");
  await server.createBucket("plain", { versioning: false });
});
afterAll(async () => {
  admin?.destroy();
  await server?.stop();
});

const open = (bucket: string, more: Partial<S3Repository> = {}, keys: S3Keys = server.root, prefix?: string): Store => {
  count += 1;
  return openStore(
    testContext(s3Secrets(keys)),
    s3Location(server, bucket, more),
    "writer",
    prefix ?? `prod/p${count}/`,
  );
};

const behind = async (trouble: (connection: number) => Trouble | undefined): Promise<BadNetwork> => {
  const proxy = await startProxy(server.endpoint, trouble);
  onTestFinished(() => proxy.stop());
  return proxy;
};

storeContract("S3 with versions", true, async () => open("versioned"));
storeContract("S3 without versions", false, async () => open("plain", { prefix: "backups/montagu" }));

describe("an S3 store", () => {
  it("keeps what was overwritten and removed: versions and delete markers, the newest first", async () => {
    const store = open("versioned");
    const first = await store.put("m", "first");
    const second = await store.put("m", "second");
    await store.remove("m");
    const found = [];
    for await (const { versionId, deleteMarker, latest } of store.versions(""))
      found.push({ versionId, deleteMarker, latest });
    expect(found.filter(({ deleteMarker }) => !deleteMarker).map(({ versionId }) => versionId)).toEqual([
      second.versionId,
      first.versionId,
    ]);
    expect(found.filter(({ deleteMarker }) => deleteMarker)).toEqual([expect.objectContaining({ latest: true })]);
    expect(await store.get("m")).toBeUndefined();
    expect((await store.get("m", first.versionId))?.body.toString()).toBe("first");
  });

  it("tags the named version, not the newest", async () => {
    const store = open("versioned", {}, server.root, "prod/tagged/");
    const first = await store.put("a", "first");
    const second = await store.put("a", "second");
    await store.tag("a", first.versionId, EXPIRE_TAG);
    const tags = async (VersionId: string | undefined) =>
      (await admin.send(new GetObjectTaggingCommand({ Bucket: "versioned", Key: "prod/tagged/a", VersionId }))).TagSet;
    expect(await tags(first.versionId)).toEqual([{ Key: "restorable", Value: "expire" }]);
    expect(await tags(second.versionId).catch(() => [])).toEqual([]);
  });

  it("aborts unfinished uploads that are old, below its prefix only", async () => {
    const begin = async (Key: string) => {
      const { UploadId } = await admin.send(new CreateMultipartUploadCommand({ Bucket: "plain", Key }));
      await admin.send(new UploadPartCommand({ Bucket: "plain", Key, UploadId, PartNumber: 1, Body: "x" }));
    };
    await begin("prod/mine/artifacts/p/dump");
    await begin("prod/mine/artifacts/p/files");
    await begin("prod/other/artifacts/p/dump");
    const store = open("plain", {}, server.root, "prod/mine/");
    expect(await store.abortUploads("artifacts/", new Date(Date.now() - 3_600_000))).toBe(0);
    expect(await store.abortUploads("artifacts/", new Date(Date.now() + 3_600_000))).toBe(2);
    const { Uploads } = await admin.send(new ListMultipartUploadsCommand({ Bucket: "plain" }));
    expect(Uploads?.map(({ Key }) => Key)).toEqual(["prod/other/artifacts/p/dump"]);
  });

  it("keeps the bytes as they are, without an encoding of the SDK's, under the ETag that the parts' MD5s give", async () => {
    const store = open("plain", {}, server.root, "prod/plain-bytes/");
    const bytes = randomBytes(17 * MIB);
    const { etag } = await store.putStream("dump", stream(bytes), { signal: never(), estimate: 1 });
    const parts = [bytes.subarray(0, 8 * MIB), bytes.subarray(8 * MIB, 16 * MIB), bytes.subarray(16 * MIB)];
    expect(etag.replaceAll('"', "")).toBe(
      multipartEtag(parts.map((part) => createHash("md5").update(part).digest("base64"))),
    );
    const raw = await admin.send(new GetObjectCommand({ Bucket: "plain", Key: "prod/plain-bytes/dump" }));
    expect(raw.ContentEncoding).toBeUndefined();
    expect(digest(Buffer.from((await raw.Body?.transformToByteArray()) ?? []))).toBe(digest(bytes));
  });
});

describe("a bad network", () => {
  it("a read that breaks half way goes on where it was, and gives the same bytes", async () => {
    const bytes = randomBytes(12 * MIB);
    await open("plain", {}, server.root, "prod/broken/").putStream("dump", stream(bytes), { signal: never() });
    const proxy = await behind((connection) => (connection < 3 ? { cutAfter: 3 * MIB } : undefined));
    const store = open("plain", { endpoint: proxy.endpoint }, server.root, "prod/broken/");
    const read = await buffer(await store.getStream("dump", { signal: never() }));
    expect(digest(read)).toBe(digest(bytes));
    expect(proxy.troubled()).toBe(3);
  });

  it("a small object is asked for again when its answer was cut", async () => {
    const body = randomBytes(200_000);
    await open("plain", {}, server.root, "prod/cut/").put("m", body);
    const proxy = await behind((connection) => (connection < 2 ? { cutAfter: 100_000 } : undefined));
    const got = await open("plain", { endpoint: proxy.endpoint }, server.root, "prod/cut/").get("m");
    expect(digest(got?.body ?? Buffer.alloc(0))).toBe(digest(body));
    expect(proxy.troubled()).toBe(2);
  });

  it("a read that never comes further ends with `store-unreachable`, not with a short stream", async () => {
    const bytes = randomBytes(4 * MIB);
    await open("plain", {}, server.root, "prod/dead/").putStream("dump", stream(bytes), { signal: never() });
    const proxy = await behind((connection) => ({ cutAfter: connection === 0 ? MIB : 0 }));
    const store = open("plain", { endpoint: proxy.endpoint }, server.root, "prod/dead/");
    const read = await store.getStream("dump", { signal: never() });
    await expect(buffer(read)).rejects.toMatchObject({ code: "store-unreachable" });
  });

  it.each([
    ["one part", 200_000, 100_000],
    ["several parts", 20 * MIB, 5 * MIB],
  ])("a byte that changes on the way (%s) is refused by the store, and nothing is kept", async (_, size, flipAt) => {
    const prefix = `prod/flipped-${size}/`;
    const proxy = await behind(() => ({ flipAt }));
    const store = open("plain", { endpoint: proxy.endpoint }, server.root, prefix);
    const put = store.putStream("dump", stream(randomBytes(size)), { signal: never(), estimate: 1 });
    await expect(put).rejects.toMatchObject({ code: "corrupt", fact: expect.stringContaining("dump") });
    const direct = open("plain", {}, server.root, prefix);
    expect(await direct.size("dump")).toBeUndefined();
    expect(await direct.abortUploads("", new Date(Date.now() + 3_600_000))).toBe(0);
  });

  it("a part that is refused ends the upload at once, also while the source is silent", async () => {
    const proxy = await behind(() => ({ flipAt: 5 * MIB }));
    const store = open("plain", { endpoint: proxy.endpoint }, server.root, "prod/silent/");
    const silent = Readable.from(
      (async function* () {
        for (let n = 0; n < 9; n += 1) yield randomBytes(MIB);
        await new Promise(() => undefined);
      })(),
      { objectMode: false },
    );
    const put = store.putStream("dump", silent, { signal: never(), estimate: 1 });
    await expect(put).rejects.toMatchObject({ code: "corrupt" });
    expect(
      await open("plain", {}, server.root, "prod/silent/").abortUploads("", new Date(Date.now() + 3_600_000)),
    ).toBe(0);
  });

  it("a put whose connection is cut is tried again", async () => {
    const proxy = await behind((connection) => (connection < 2 ? { cutAfter: 0 } : undefined));
    const store = open("plain", { endpoint: proxy.endpoint }, server.root, "prod/retried/");
    await store.put("m", "there");
    expect((await store.get("m"))?.body.toString()).toBe("there");
  });
});

describe("what is wrong is named, without any secret", () => {
  const failure = async (store: Store): Promise<{ code: string; fact: string; hint: string; message: string }> => {
    try {
      await store.get("catalog/x.json");
    } catch (error) {
      return error as never;
    }
    throw new Error("it should have failed");
  };

  it("wrong secret key, unknown access key", async () => {
    const wrong = { accessKeyId: server.root.accessKeyId, secretAccessKey: "not-the-secret-at-all" };
    const error = await failure(open("plain", {}, wrong));
    expect(error.code).toBe("bad-credentials");
    expect(error.message).not.toContain("not-the-secret-at-all");
    expect((await failure(open("plain", {}, { ...wrong, accessKeyId: "nobody" }))).code).toBe("bad-credentials");
  });

  it("a user without rights, and one who may read only", async () => {
    await server.createBucket("guarded");
    const keys = await server.createUser("reader");
    expect((await failure(open("guarded", {}, keys))).code).toBe("too-few-rights");
    const Statement = [
      { Effect: "Allow", Principal: keys.accessKeyId, Action: "s3:GetObject", Resource: "arn:aws:s3:::guarded/*" },
      { Effect: "Allow", Principal: keys.accessKeyId, Action: "s3:ListBucket", Resource: "arn:aws:s3:::guarded" },
    ];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await admin.send(new PutBucketPolicyCommand({ Bucket: "guarded", Policy }));
    await open("guarded", {}, server.root, "").put("a", "x");
    const store = open("guarded", {}, keys, "");
    expect((await store.get("a"))?.body.toString()).toBe("x");
    await expect(store.put("a", "y")).rejects.toMatchObject({
      code: "too-few-rights",
      fact: expect.stringContaining("writing a in s3://guarded/"),
    });
    await expect(store.remove("a")).rejects.toMatchObject({ code: "too-few-rights" });
    await expect(
      store.putStream("b", stream(randomBytes(9 * MIB)), { signal: never(), estimate: 1 }),
    ).rejects.toMatchObject({ code: "too-few-rights" });
  });

  it("a bucket that does not exist", async () => {
    const error = await failure(open("nowhere"));
    expect(error).toMatchObject({ code: "missing-bucket", fact: expect.stringContaining("s3://nowhere/") });
    const put = open("nowhere").putStream("x", stream(randomBytes(10)), { signal: never() });
    await expect(put).rejects.toMatchObject({ code: "missing-bucket" });
  });

  it("a server that does not answer, and a name that does not resolve", async () => {
    const proxy = await startProxy(server.endpoint, () => undefined);
    await proxy.stop();
    const error = await failure(open("plain", { endpoint: proxy.endpoint }));
    expect(error).toMatchObject({ code: "store-unreachable", hint: expect.stringContaining(proxy.endpoint) });
    expect((await failure(open("plain", { endpoint: "http://no-such-host.invalid" }))).code).toBe("store-unreachable");
  });

  it("[colonies.11] a certificate that is not believed; with the authority's file it is, and where any one is to be", async () => {
    const directory = await tempDir();
    const { caFile, certificateFile, keyFile } = await makeServerCertificate(directory);
    const [cert, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
    const front = await startTlsFront(server.endpoint, { cert, key });
    onTestFinished(front.close);
    const endpoint = `https://localhost:${front.port}`;
    expect(await failure(open("plain", { endpoint }))).toMatchObject({
      code: "store-unreachable",
      hint: expect.stringContaining("`ca`"),
    });
    const store = open("plain", { endpoint, ca: caFile });
    await store.put("a", "over TLS");
    expect((await store.get("a"))?.body.toString()).toBe("over TLS");
    const trusting = open("plain", { endpoint, insecure: true });
    await trusting.put("a", "over anybody's TLS");
    expect((await trusting.get("a"))?.body.toString()).toBe("over anybody's TLS");
  });

  it("a secret that was not handed over, and a CA file that is not there", () => {
    const location = s3Location(server, "plain");
    expect(() => openStore(testContext(), location, "writer", "")).toThrow(
      expect.objectContaining({ code: "missing-secret" }),
    );
    const ca = { ...location, endpoint: "https://127.0.0.1:1", ca: "/nowhere/ca.pem" };
    expect(() => openStore(testContext(s3Secrets(server.root)), ca, "writer", "")).toThrow(
      expect.objectContaining({ code: "bad-config" }),
    );
  });
});
