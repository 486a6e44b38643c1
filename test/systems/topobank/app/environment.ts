import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import pg from "pg";

/** A value of `.envs/.production/.django` or `.postgres`, which compose hands to the containers. */
export const env = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set in .envs`);
  return value;
};

export const connection = () => ({
  host: env("POSTGRES_HOST"),
  database: env("POSTGRES_DB"),
  user: env("POSTGRES_USER"),
  password: env("POSTGRES_PASSWORD"),
});

/** A connection that waits until PostgreSQL takes it, as the entrypoint of the real image does. */
export const connected = async (application: string): Promise<pg.Client> => {
  for (;;) {
    const client = new pg.Client({ ...connection(), application_name: application });
    client.on("error", (error) => console.log(String(error)));
    try {
      await client.connect();
      return client;
    } catch (error) {
      console.log(`waiting for PostgreSQL: ${String(error)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

export const bucket = () => env("AWS_STORAGE_BUCKET_NAME");
/** Where Django's storage puts what the database calls `topographies/…`. */
export const mediaKey = (datafile: string): string => `${env("AWS_MEDIA_PREFIX")}/${datafile}`;

export const store = () =>
  new S3Client({
    endpoint: env("AWS_S3_ENDPOINT_URL"),
    region: "us-east-1",
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    credentials: { accessKeyId: env("AWS_ACCESS_KEY_ID"), secretAccessKey: env("AWS_SECRET_ACCESS_KEY") },
  });

export const ensureBucket = async (client: S3Client): Promise<void> => {
  await client.send(new CreateBucketCommand({ Bucket: bucket() })).catch((error: { name?: string }) => {
    if (error.name !== "BucketAlreadyOwnedByYou" && error.name !== "BucketAlreadyExists") throw error;
  });
};

/** The first process of a container has no default action for signals. */
export const endOnSignal = (): void => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
};
