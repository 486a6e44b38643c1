import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { CreateBucketCommand, ListBucketsCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { onFreePort } from "./free-port.ts";
import { tools } from "./tools.ts";
import { startWatched } from "./watched-process.ts";

const run = promisify(execFile);

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3ServerOptions {
  /** An existing directory of the caller's; it stays. Default: a temporary one that does not. */
  readonly directory?: string;
  /** The keys that may do everything. Default: random ones. */
  readonly root?: S3Keys;
  /** Where it listens: an address of this machine that pods reach. Default 127.0.0.1. */
  readonly address?: string;
}

export interface BucketOptions {
  /** Default true. */
  readonly versioning?: boolean;
  /** Object Lock, which can only be had from the start. Default false. */
  readonly objectLock?: boolean;
}

/** A real S3 store (versitygw) on a port of its own, path-style, that ends with this process. */
export interface S3Server {
  readonly endpoint: string;
  readonly region: "us-east-1";
  readonly root: S3Keys;
  readonly directory: string;
  readonly pid: number;
  /** A client with the given keys (default: root). The caller destroys it. */
  client(keys?: S3Keys): S3Client;
  /** Makes a bucket that root owns. */
  createBucket(name: string, options?: BucketOptions): Promise<void>;
  /** Makes a user who may do nothing until a bucket policy names its access key as a principal. */
  createUser(name: string): Promise<S3Keys>;
  /** Gives somebody's access key another secret: the one of before is worth nothing from now on. */
  renewUser(keys: S3Keys): Promise<S3Keys>;
  log(): string;
  stop(): Promise<void>;
}

export function startS3(options: S3ServerOptions = {}): Promise<S3Server> {
  return onFreePort((port) => start(port, options));
}

async function start(port: number, options: S3ServerOptions): Promise<S3Server> {
  const { address = "127.0.0.1", root = newKeys("root") } = options;
  const directory = options.directory ?? (await mkdtemp(path.join(tmpdir(), "restorable-s3-")));
  const place = (name: string) => path.join(directory, name);
  for (const name of ["buckets", "versions", "users"]) await mkdir(place(name), { recursive: true });
  const gateway = ["--port", `${address}:${port}`, "--iam-dir", place("users"), "--iam-cache-ttl", "1", "--quiet"];
  const server = await startWatched({
    program: tools().versitygw,
    args: [...gateway, "posix", "--versioning-dir", place("versions"), place("buckets")],
    env: { ROOT_ACCESS_KEY: root.accessKeyId, ROOT_SECRET_KEY: root.secretAccessKey },
    cwd: directory,
    log: place("server.log"),
    // A polite end waits for clients that keep their connections open.
    signal: "KILL",
    removeFolder: options.directory === undefined ? directory : undefined,
  });
  const endpoint = `http://${address}:${port}`;
  const client = (keys: S3Keys = root) => s3Client(endpoint, keys);
  const admin = client();
  try {
    // Signed with our own keys, so that another server on this port would not answer it.
    await server.ready(() => answers(admin));
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    endpoint,
    region: "us-east-1",
    root,
    directory,
    pid: server.pid,
    client,
    createBucket: (name, bucket) => createBucket(admin, name, bucket),
    createUser: async (name) => {
      const keys = newKeys(name);
      await addUser(endpoint, root, keys);
      return keys;
    },
    renewUser: async ({ accessKeyId }) => {
      await administer(endpoint, root, "delete-user", ["--access", accessKeyId]);
      const keys = { ...newKeys(""), accessKeyId };
      await addUser(endpoint, root, keys);
      return keys;
    },
    log: server.log,
    stop: async () => {
      admin.destroy();
      await server.stop();
    },
  };
}

function newKeys(name: string): S3Keys {
  return { accessKeyId: `${name}-${randomBytes(4).toString("hex")}`, secretAccessKey: randomBytes(20).toString("hex") };
}

function s3Client(endpoint: string, credentials: S3Keys): S3Client {
  return new S3Client({
    endpoint,
    region: "us-east-1",
    credentials,
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

async function answers(client: S3Client): Promise<boolean> {
  try {
    await client.send(new ListBucketsCommand({}));
    return true;
  } catch {
    return false;
  }
}

async function createBucket(client: S3Client, name: string, options: BucketOptions = {}): Promise<void> {
  const { versioning = true, objectLock = false } = options;
  await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: objectLock }));
  const Status = versioning ? "Enabled" : "Suspended";
  if (versioning || objectLock) {
    await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status } }));
  }
}

const addUser = (endpoint: string, root: S3Keys, { accessKeyId, secretAccessKey }: S3Keys): Promise<void> =>
  administer(endpoint, root, "create-user", ["--access", accessKeyId, "--secret", secretAccessKey, "--role", "user"]);

async function administer(endpoint: string, root: S3Keys, command: string, args: readonly string[]): Promise<void> {
  await run(tools().versitygw, ["admin", "--endpoint-url", endpoint, command, ...args], {
    env: { ...process.env, ADMIN_ACCESS_KEY_ID: root.accessKeyId, ADMIN_SECRET_ACCESS_KEY: root.secretAccessKey },
  });
}
