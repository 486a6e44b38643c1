import {
  type Artifact,
  type Entry,
  FILES,
  type FilesEntry,
  forShell,
  type Location,
  type Plan,
  planPrefix,
} from "../../spec/index.ts";
import { s3Url } from "../store/s3-place.ts";

/**
 * The commands that restore a point with standard tools only, in order. They go into the manifest, so that the point
 * explains itself to somebody who has neither this program nor its documentation.
 */
export const handCommands = (plan: Plan, point: string, entries: readonly Entry[]): readonly string[] => {
  const { location, environment } = plan.repository;
  const prefix = planPrefix(location.kind === "s3" ? location.prefix : "", environment, plan.name);
  const artifacts = `${prefix}artifacts/${point}/`;
  return [
    location.kind === "s3"
      ? `aws s3 cp --recursive ${endpoint(location)}${forShell(`s3://${location.bucket}/${artifacts}`)} .`
      : `cp -R ${forShell(`${location.path}/${artifacts}`)}. .`,
    ...entries.flatMap(({ artifacts: all }) => all.filter(({ below }) => below)).map(({ key }) => fetch(location, key)),
    "age --decrypt --identity YOUR-KEY-FILE --output point-key.txt identity.age",
    ...entries.flatMap((entry) => entry.artifacts.map((artifact) => open(entry, artifact))),
    ...entries.flatMap((entry) => (entry.kind === "files" ? restic(location, `${prefix}${FILES}`, entry) : [])),
    "rm point-key.txt",
  ];
};

/** What a layout has put at the root of the repository. */
const fetch = (location: Location, key: string): string =>
  location.kind === "s3"
    ? `aws s3 cp ${endpoint(location)}${forShell(`s3://${location.bucket}/${location.prefix === "" ? "" : `${location.prefix}/`}${key}`)} .`
    : `cp ${forShell(`${location.path}/${key}`)} .`;

const open = (entry: Entry, artifact: Artifact): string => {
  const plain =
    artifact.encryption === "none"
      ? `cat ${forShell(file(artifact))}`
      : `age --decrypt --identity point-key.txt ${forShell(file(artifact))} | zstd --decompress --stdout`;
  switch (artifact.role) {
    case "globals":
      return `${plain} > ${forShell(`${entry.name}-globals.sql`)}   # roles and settings: read it, then run what is missing with psql`;
    case "dump":
      if (artifact.format === "sql")
        return `createdb --template=template0 NEW-DATABASE && ${plain} | psql --no-psqlrc --set=ON_ERROR_STOP=1 --single-transaction --dbname=NEW-DATABASE`;
      return `createdb --template=template0 NEW-DATABASE && ${plain} | pg_restore --exit-on-error --dbname=NEW-DATABASE`;
    case "index":
      return `${plain} > ${forShell(`${entry.name}.ndjson`)}   # one object a line: its key, and under "at" where its bytes are`;
    case "password":
      return `${plain} > ${forShell(`${entry.name}-password.txt`)}`;
    case "files":
      return `mkdir NEW-DIRECTORY && ${plain} | tar --extract --preserve-permissions --numeric-owner --xattrs --xattrs-include='*' --acls --directory=NEW-DIRECTORY`;
  }
};

/** restic reads the keys of a bucket from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
const restic = (location: Location, below: string, { name, snapshot }: FilesEntry): readonly string[] => {
  if (!snapshot) return [];
  const password = forShell(`${name}-password.txt`);
  const repository =
    location.kind === "s3"
      ? `--option s3.bucket-lookup=${location.pathStyle ? "path" : "dns"}${location.insecure ? " --insecure-tls" : ""} --option ${forShell(`s3.region=${location.region}`)} --repo ${forShell(`s3:${s3Url(location, location.bucket, below)}`)}`
      : `--repo ${forShell(`${location.path}/${below.replace(/\/$/, "")}`)}`;
  return [
    `restic ${repository} --password-file ${password} --no-cache restore --no-lock --sparse --target NEW-DIRECTORY ${snapshot.id}   # the files are in NEW-DIRECTORY${snapshot.path}`,
    `rm ${password}`,
  ];
};

const file = ({ key }: Artifact): string => key.slice(key.lastIndexOf("/") + 1);

const endpoint = ({ endpoint: url, insecure }: Extract<Location, { kind: "s3" }>): string =>
  `${url === undefined ? "" : `--endpoint-url ${forShell(url)} `}${insecure ? "--no-verify-ssl " : ""}`;
