import path from "node:path";
import { sourceMount } from "../../spec/index.ts";
import type { ObjectsArgs } from "../args/objects-args.ts";
import {
  type FilesArgs,
  type LoginArgs,
  type PostgresArgs,
  type SourceArgs,
  sourceName,
  type TlsChoice,
} from "../args/source-args.ts";
import { splitCredentials } from "./credentials.ts";
import { type SecretInputs, type Split, secretName, secretRefOf } from "./secrets.ts";

/**
 * One source as the contract has it, its passwords by reference.
 * @param format of a dump that names none. @default the contract's
 */
export const sourceSpec = (plan: string, source: SourceArgs, format?: "sql"): Split<object> => {
  const name = sourceName(source);
  if (source.postgres) return postgresSpec(plan, { ...(format && { format }), ...source.postgres }, name);
  if (source.objects) return objectsSpec(plan, source.objects, name);
  return { spec: filesSpec(source.files, name), secrets: {} };
};

const postgresSpec = (plan: string, args: PostgresArgs, name: string): Split<object> => {
  const { name: _name, user, password, admin, tls, ...plain } = args;
  const login = loginSpec(secretName(plan, name, "password"), {
    user,
    ...(password === undefined ? {} : { password }),
  });
  const owner = admin && loginSpec(secretName(plan, name, "admin password"), admin);
  return {
    spec: {
      kind: "postgres",
      name,
      ...plain,
      login: login.spec,
      ...(owner ? { admin: owner.spec } : {}),
      ...(tls ? { tls: tlsSpec(tls) } : {}),
    },
    secrets: { ...login.secrets, ...owner?.secrets },
  };
};

const loginSpec = (secret: string, { user, password }: LoginArgs): Split<object> => ({
  spec: { user, ...(password === undefined ? {} : { password: secretRefOf(secret) }) },
  secrets: password === undefined ? {} : ({ [secret]: password } satisfies SecretInputs),
});

const tlsSpec = (choice: TlsChoice): object => {
  if (choice.verifyFull) return { mode: "verify-full", ca: choice.verifyFull.ca };
  if (choice.verifyCa) return { mode: "verify-ca", ca: choice.verifyCa.ca };
  return { mode: choice.require ? "require" : choice.prefer ? "prefer" : "disable" };
};

const objectsSpec = (plan: string, args: ObjectsArgs, name: string): Split<object> => {
  const { name: _name, credentials, admin, store, ...plain } = args;
  const reader = credentials && splitCredentials([plan, name], credentials);
  const writer = admin && splitCredentials([plan, name, "admin"], admin);
  return {
    spec: {
      kind: "objects",
      name,
      ...plain,
      ...(reader ? { credentials: reader.spec } : {}),
      ...(writer ? { admin: writer.spec } : {}),
      store: { kind: store?.versions ? "versions" : "copy" },
    },
    secrets: { ...reader?.secrets, ...writer?.secrets },
  };
};

/** In containers the files are where the contract says; what is mounted there stands beside it. */
const filesSpec = (args: FilesArgs, name: string): object => {
  const { name: _name, directory, volume, hostPath, claim, secret, beside, subdirectory, store, ...others } = args;
  const plain = { ...others, ...(store ? { store: { kind: store.incremental ? "incremental" : "tar" } } : {}) };
  if (directory !== undefined) return { kind: "files", name, directory, ...plain };
  const mount = mountSpec({ volume, hostPath, claim, secret, beside });
  // Of a Secret the link that Kubernetes turns to the newest files: there they are plain ones.
  const below = secret === undefined ? (subdirectory ?? "") : "..data";
  return { kind: "files", name, directory: path.posix.join(sourceMount(name), below), mount, ...plain };
};

type MountArgs = Pick<FilesArgs, "volume" | "hostPath" | "claim" | "secret" | "beside">;

const mountSpec = ({ volume, hostPath, claim, secret, beside }: MountArgs): object => {
  if (volume !== undefined) return { kind: "volume", name: volume };
  if (hostPath !== undefined) return { kind: "bind", path: hostPath };
  if (secret !== undefined) return { kind: "secret", name: secret };
  return { kind: "claim", name: claim, ...(beside ? { beside } : {}) };
};
