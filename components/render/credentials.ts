import type { S3Credentials } from "../../spec/index.ts";
import type { S3CredentialsArgs } from "../args/bucket-args.ts";
import { type Split, secretName, secretRefOf } from "./secrets.ts";

/** An access key as references, and its two or three secrets. */
export const splitCredentials = (owner: readonly string[], args: S3CredentialsArgs): Split<S3Credentials> => {
  const [id, key, token] = ["access key id", "secret access key", "session token"].map((part) =>
    secretName(...owner, part),
  ) as [string, string, string];
  const hasToken = args.sessionToken !== undefined;
  return {
    spec: {
      accessKeyId: secretRefOf(id),
      secretAccessKey: secretRefOf(key),
      ...(hasToken ? { sessionToken: secretRefOf(token) } : {}),
    },
    secrets: {
      [id]: args.accessKeyId,
      [key]: args.secretAccessKey,
      ...(args.sessionToken === undefined ? {} : { [token]: args.sessionToken }),
    },
  };
};
