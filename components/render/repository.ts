import type * as pulumi from "@pulumi/pulumi";
import { ROLES } from "../../spec/index.ts";
import type { S3CredentialsArgs } from "../args/bucket-args.ts";
import type { RepositoryCredentials } from "../args/repository-args.ts";
import type { Connection } from "./bucket-job.ts";
import { splitCredentials } from "./credentials.ts";
import { type SecretInputs, type Split, secretName, secretRefOf } from "./secrets.ts";

/** Where a repository lies, with its credentials as references. */
export const s3Location = (
  name: string,
  connection: Connection,
  prefix: pulumi.Input<string> | undefined,
  given: RepositoryCredentials | undefined,
  ofBucket: S3CredentialsArgs | undefined,
): Split<object> => {
  const byRole: RepositoryCredentials = { ...(ofBucket ? { writer: ofBucket } : {}), ...given };
  const split = ROLES.flatMap((role) => {
    const args = byRole[role];
    return args ? [[role, splitCredentials([name, role], args)] as const] : [];
  });
  const credentials = Object.fromEntries(split.map(([role, { spec }]) => [role, spec]));
  return {
    spec: { kind: "s3", ...connection, prefix, ...(split.length > 0 ? { credentials } : {}) },
    secrets: Object.assign({}, ...split.map(([, { secrets }]) => secrets)) as SecretInputs,
  };
};

/** A key pair, or only the reference to its private half where there is one. */
export interface Signer {
  readonly publicKey: pulumi.Input<string>;
  readonly privateKey: pulumi.Input<string>;
}

export interface RepositoryParts {
  readonly name: string;
  readonly environment: string;
  readonly location: Split<object>;
  readonly signer: Signer | undefined;
  readonly prover: Signer | undefined;
  readonly filesPassword: pulumi.Input<string> | undefined;
  readonly trusted: readonly pulumi.Input<string>[];
  readonly provers: readonly pulumi.Input<string>[];
}

/** A repository's specification, Outputs still in it. */
export const repositorySpec = (parts: RepositoryParts): Split<object> => {
  const { name, environment, location, signer, prover, filesPassword } = parts;
  const [signingKey, proverKey] = [secretName(name, "signing key"), secretName(name, "prover key")];
  const password = secretName(name, "files password");
  const provers = [...(prover ? [prover.publicKey] : []), ...parts.provers];
  return {
    spec: {
      environment,
      location: location.spec,
      trusted: [...(signer ? [signer.publicKey] : []), ...parts.trusted],
      ...(signer ? { signingKey: secretRefOf(signingKey) } : {}),
      ...(filesPassword === undefined ? {} : { filesPassword: secretRefOf(password) }),
      ...(provers.length > 0 ? { provers } : {}),
      ...(prover ? { proverKey: secretRefOf(proverKey) } : {}),
    },
    secrets: {
      ...location.secrets,
      ...(signer ? { [signingKey]: signer.privateKey } : {}),
      ...(prover ? { [proverKey]: prover.privateKey } : {}),
      ...(filesPassword === undefined ? {} : { [password]: filesPassword }),
    },
  };
};
