import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { ObjectsSource, Plan } from "../../../spec/index.ts";
import { makeWorld, type World } from "../world.ts";

/** A world whose plan is a database and the media of an application in a bucket of their own. */
export interface MediaWorld extends World {
  readonly client: S3Client;
  readonly put: (key: string, body: string | Buffer, more?: Partial<PutObjectCommandInput>) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
  /** Every object of a bucket: key, body, content type and metadata. */
  readonly contents: (bucket?: string, below?: string) => Promise<readonly string[]>;
}

export const MEDIA = "media-bucket";

const env = (name: string) => ({ kind: "env" as const, name });

export const mediaSource = (endpoint: string, change: Partial<ObjectsSource> = {}): ObjectsSource => ({
  kind: "objects",
  name: "media",
  bucket: MEDIA,
  prefix: "media",
  endpoint,
  region: "us-east-1",
  pathStyle: true,
  credentials: { accessKeyId: env("S3_ID"), secretAccessKey: env("S3_SECRET") },
  store: { kind: "copy" },
  allowEmpty: false,
  ...change,
});

export interface MediaOptions {
  readonly versioning?: boolean;
  readonly repository?: "s3" | "directory";
  readonly source?: Partial<ObjectsSource>;
}

export async function makeMediaWorld({
  versioning = false,
  repository = "s3",
  source = {},
}: MediaOptions = {}): Promise<MediaWorld> {
  const world = await makeWorld({ repository });
  await world.s3.createBucket(MEDIA, { versioning });
  const client = world.s3.client();
  const plan: Plan = {
    ...world.plan,
    sources: [mediaSource(world.s3.endpoint, source), ...world.plan.sources.filter(({ kind }) => kind === "postgres")],
  };
  await world.sql(
    "app",
    "CREATE TABLE topography (id int, datafile text); INSERT INTO topography VALUES (1, 'media/a')",
  );
  return {
    ...world,
    plan,
    client,
    put: async (Key, Body, more = {}) => {
      await client.send(new PutObjectCommand({ Bucket: MEDIA, Key, Body, ...more }));
    },
    remove: async (Key) => {
      await client.send(new DeleteObjectCommand({ Bucket: MEDIA, Key }));
    },
    contents: (bucket = MEDIA, below = "") => contents(client, bucket, below),
    close: async () => {
      client.destroy();
      await world.close();
    },
  };
}

async function contents(client: S3Client, Bucket: string, Prefix: string): Promise<string[]> {
  const lines: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const more = ContinuationToken === undefined ? {} : { ContinuationToken };
    const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix, ...more }));
    for (const { Key = "" } of page.Contents ?? []) {
      const got = await client.send(new GetObjectCommand({ Bucket, Key }));
      const body = await got.Body?.transformToString();
      lines.push(`${Key} ${body?.slice(0, 40)} ${got.ContentType} ${JSON.stringify(got.Metadata)}`);
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return lines.sort();
}
