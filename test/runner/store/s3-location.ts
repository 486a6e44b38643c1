import type { S3Repository } from "../../../spec/index.ts";
import type { S3Keys, S3Server } from "../../support/s3-server.ts";

/** Where a test server's bucket is; the keys go into the context as the secrets `KEY` and `SECRET`. */
export const s3Location = (server: S3Server, bucket: string, more: Partial<S3Repository> = {}): S3Repository => ({
  kind: "s3",
  bucket,
  prefix: "",
  endpoint: server.endpoint,
  region: server.region,
  pathStyle: true,
  credentials: {
    writer: { accessKeyId: { kind: "env", name: "KEY" }, secretAccessKey: { kind: "env", name: "SECRET" } },
  },
  ...more,
});

export const s3Secrets = ({ accessKeyId, secretAccessKey }: S3Keys) => ({ KEY: accessKeyId, SECRET: secretAccessKey });
