import path from "node:path";
import { JobError, type Location, location, parse } from "../../spec/index.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const SCHEME = "s3://";

/**
 * Reads where a repository is: `s3://bucket/prefix?endpoint=…&region=…&pathStyle=false&ca=FILE&insecure=true`, or a directory.
 * Credentials of S3 come from AWS_ACCESS_KEY_ID and its companions, or from the ordinary AWS chain.
 * @throws JobError `bad-config`
 */
export const parseLocation = (text: string, env: Environment, cwd: string): Location => {
  if (text.startsWith(SCHEME)) return s3(text, env);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new JobError("bad-config", `'${text}' is not a repository`, "give s3://bucket/prefix or a directory");
  }
  return parse(location, { kind: "directory", path: path.resolve(cwd, text) }, "--repository", "bad-config");
};

const s3 = (text: string, env: Environment): Location => {
  const [place = "", query = ""] = text.slice(SCHEME.length).split(/\?(.*)/s);
  const [bucket, prefix = ""] = place.split(/\/(.*)/s);
  const options = Object.fromEntries(new URLSearchParams(query));
  return parse(
    location,
    {
      kind: "s3",
      bucket,
      prefix: prefix.replace(/\/+$/, ""),
      ...options,
      ...(options.pathStyle === undefined ? {} : { pathStyle: options.pathStyle !== "false" }),
      ...(options.insecure === undefined ? {} : { insecure: options.insecure === "true" }),
      ...(env.AWS_ACCESS_KEY_ID === undefined ? {} : { credentials: { writer: credentials(env) } }),
    },
    "--repository",
    "bad-config",
  );
};

const credentials = (env: Environment) => ({
  accessKeyId: { kind: "env", name: "AWS_ACCESS_KEY_ID" },
  secretAccessKey: { kind: "env", name: "AWS_SECRET_ACCESS_KEY" },
  ...(env.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: { kind: "env", name: "AWS_SESSION_TOKEN" } }),
});

/** A location as people write it. */
export const locationText = (value: Location): string =>
  value.kind === "directory"
    ? value.path
    : `${SCHEME}${value.bucket}${value.prefix === "" ? "" : `/${value.prefix}`}${value.endpoint === undefined ? "" : ` at ${value.endpoint}`}`;
