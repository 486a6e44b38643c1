import { randomBytes } from "node:crypto";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { S3_IMAGE } from "../../../tools/docker/images.ts";
import { freePort } from "../../../tools/servers/free-port.ts";
import { waitFor } from "../../support/wait-for.ts";
import { docker, LABELLED, type Place } from "./docker.ts";

/** An S3 server that this machine and the containers of every network reach by the same address. */
export interface HostStore {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly client: S3Client;
  readonly makeBucket: (name: string, versioned?: boolean) => Promise<void>;
}

/** Taken away with its place. It is on the host's own network: what is published is not reached from other networks. */
export async function startHostStore(place: Place): Promise<HostStore> {
  const [gateway, port] = await Promise.all([
    docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", place.network),
    freePort(),
  ]);
  const keys = { accessKeyId: `root${secret()}`, secretAccessKey: secret() };
  await docker(
    ...["run", "--detach", "--name", place.claim("store"), "--network", "host", ...LABELLED],
    ...["--env", `ROOT_ACCESS_KEY=${keys.accessKeyId}`, "--env", `ROOT_SECRET_KEY=${keys.secretAccessKey}`],
    ...[S3_IMAGE, "versitygw", "--port", `${gateway}:${port}`, "--iam-dir", "/data/users", "--quiet"],
    ...["posix", "--versioning-dir", "/data/versions", "/data/buckets"],
  );
  const endpoint = `http://${gateway}:${port}`;
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    credentials: keys,
  });
  const makeBucket = async (name: string, versioned = false) => {
    await waitFor("the S3 store", () => client.send(new CreateBucketCommand({ Bucket: name })));
    if (!versioned) return;
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
  };
  return { endpoint, ...keys, client, makeBucket };
}

const secret = (): string => randomBytes(16).toString("hex");
