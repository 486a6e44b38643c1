import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { radosgwAdmin } from "../ceph.ts";

/** What the test tells the stand-in. */
function told(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`the stand-in of the aws provider needs ${name}`);
  return value;
}

let client: S3Client | undefined;

/** The gateway, as the user that stands for the AWS account. */
export function s3(): S3Client {
  client ??= new S3Client({
    endpoint: told("AWS_STAND_IN_ENDPOINT"),
    region: "us-east-1",
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    credentials: {
      accessKeyId: told("AWS_STAND_IN_ACCESS_KEY_ID"),
      secretAccessKey: told("AWS_STAND_IN_SECRET_ACCESS_KEY"),
    },
  });
  return client;
}

export const rgw = (...args: readonly string[]): Promise<unknown> => radosgwAdmin(told("AWS_STAND_IN_CEPH"), ...args);

/** A request of IAM's API, which RGW serves beside S3's; it is signed as one of S3's, because RGW has one signature for both. */
export async function iamRequest(Action: string, parameters: Readonly<Record<string, string>>): Promise<void> {
  const command = new ListBucketsCommand({});
  command.middlewareStack.add(
    (next) => (args) => {
      const body = new URLSearchParams({ Action, Version: "2010-05-08", ...parameters }).toString();
      const request = args.request as { method: string; query: object; body: string; headers: Record<string, string> };
      Object.assign(request, { method: "POST", query: {}, body });
      request.headers["content-type"] = "application/x-www-form-urlencoded";
      request.headers["content-length"] = String(Buffer.byteLength(body));
      return next(args);
    },
    { step: "build", name: "asIamRequest" },
  );
  await s3().send(command);
}
