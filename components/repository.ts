import * as pulumi from "@pulumi/pulumi";
import { policyPrefix, type Repository as RepositorySpec, ROLES, type Role, repository, slug } from "../spec/index.ts";
import { checkArgs, refuse, resolved } from "./args/check-args.ts";
import {
  type RepositoryArgs,
  type RepositoryCredentials,
  repositoryArgs,
  type S3RepositoryArgs,
} from "./args/repository-args.ts";
import { awsIdentities } from "./aws-identities.ts";
import type { BackupBucket } from "./backup-bucket.ts";
import { keptPassword } from "./kept-password.ts";
import { keyPair } from "./key-pair.ts";
import { tooLongForPolicies } from "./render/aws-bucket.ts";
import { repositorySpec, s3Location } from "./render/repository.ts";
import type { SecretInputs, Split } from "./render/secrets.ts";

const TYPE = "restorable:index:Repository";

/**
 * Where recovery points live: a bucket and a prefix, or a directory. It declares who signs them; by default a key pair
 * of its own, made once, as the password of incremental files is. In a bucket of Amazon's it declares an identity per
 * role as well. Built with `signing: { none: {} }` and `trusted`, it reads another environment's repository.
 *
 * @throws pulumi.RunError at preview for arguments that are wrong, each with its path
 */
export class Repository extends pulumi.ComponentResource {
  /** Part of every path in the repository. */
  public readonly environment: string;
  /** The signer's public key, for the `trusted` of other environments; undefined where nobody signs. */
  public readonly publicKey: pulumi.Output<string | undefined>;
  /** The resolved specification, without any secret. */
  public readonly spec: pulumi.Output<RepositorySpec>;
  /** Values for the references in `spec`, by the name of their environment variable. */
  public readonly secrets: SecretInputs;
  /** Whether a plan can write to it. */
  public readonly signs: boolean;
  /** The bucket it lies in, if any. */
  public readonly bucket: BackupBucket | undefined;
  /** What the identities that are declared here may touch beside the plans' own keys; undefined where none are. */
  public readonly grantedKeys: readonly string[] | undefined;

  constructor(name: string, args: RepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    const what = `Repository "${name}"`;
    checkArgs(repositoryArgs, what, args);
    const environment = args.environment ?? stackEnvironment(what);
    if (args.signing?.none && !args.trusted?.length) {
      refuse(what, "trusted", "is missing; a repository that is only read needs the public keys of its writers");
    }
    if (args.s3?.bucket.aws && !args.s3.credentials) refuseLongPolicies(what, args.s3, rolesOf(args), environment);
    super(TYPE, name, {}, opts);

    const generate = { generate: {} } as const;
    const signer = keyPair(`${name}-signing`, args.signing ?? generate, this);
    const prover = keyPair(`${name}-proving`, args.proving ?? (args.signing?.none ? { none: {} } : generate), this);
    const { trusted = [], provers = [] } = args;
    const filesPassword = args.filesPassword ?? (signer ? keptPassword(`${name}-files-password`, this) : undefined);
    const { spec, secrets } = repositorySpec({
      name,
      environment,
      location: this.locate(name, args, environment),
      signer,
      prover,
      filesPassword,
      trusted,
      provers,
    });

    this.environment = environment;
    this.bucket = args.s3?.bucket;
    this.grantedKeys = args.s3?.bucket.aws && !args.s3.credentials ? (args.s3.keys ?? []) : undefined;
    this.signs = signer !== undefined;
    this.secrets = secrets;
    this.publicKey = pulumi.output(signer?.publicKey);
    this.spec = pulumi.output(spec).apply((known) => resolved(repository, what, known));

    // The command line reads them here to list another environment's points.
    this.registerOutputs({
      environment,
      publicKey: this.publicKey,
      spec: this.spec,
      secrets: pulumi.secret(this.secrets),
    });
  }

  /** Whether a value is a Repository, also one of another copy of this package. */
  public static override isInstance(value: unknown): value is Repository {
    return pulumi.ComponentResource.isInstance(value) && "__pulumiType" in value && value.__pulumiType === TYPE;
  }

  private locate(name: string, args: RepositoryArgs, environment: string): Split<object> {
    if (args.directory !== undefined) return { spec: { kind: "directory", path: args.directory }, secrets: {} };
    const { bucket, prefix } = args.s3;
    const credentials = args.s3.credentials ?? this.declareIdentities(name, args.s3, rolesOf(args), environment);
    if (!credentials && bucket.credentials) {
      void pulumi.log.warn(
        "every job uses the bucket's own credentials: give `credentials` by role where the store has identities",
        this,
      );
    }
    return s3Location(name, bucket.connection, prefix, credentials, bucket.credentials);
  }

  /** IAM users where the bucket is one of Amazon's, in the account of the bucket unless another one is given. */
  private declareIdentities(
    name: string,
    { bucket, prefix, keys }: S3RepositoryArgs,
    roles: readonly Role[],
    environment: string,
  ): RepositoryCredentials | undefined {
    if (!bucket.aws) return undefined;
    const provider = this.getProvider(IAM_USER) ?? bucket.getProvider(IAM_USER);
    const opts = { parent: this, ...(provider ? { provider } : {}) };
    return awsIdentities(name, { roles, bucket: bucket.aws, prefix, environment, keys }, opts);
  }
}

const IAM_USER = "aws:iam/user:User";

/** Who works in a repository: nobody writes to one that is only read. */
const rolesOf = ({ signing, proving }: RepositoryArgs): readonly Role[] =>
  signing?.none ? ["reader", ...(proving && !proving.none ? (["prover"] as const) : [])] : ROLES;

/** A prefix that is not known yet is looked at when it is. */
const refuseLongPolicies = (
  what: string,
  { bucket, prefix, keys }: S3RepositoryArgs,
  roles: readonly Role[],
  environment: string,
): void => {
  const known = typeof prefix === "string" ? prefix : "";
  const { error } = policyPrefix.safeParse(known);
  if (error) refuse(what, "s3.prefix", error.issues.map(({ message }) => message).join("; "));
  const tooLong = tooLongForPolicies(roles, { prefix: known, environment, keys }, bucket.aws?.kms !== undefined);
  if (tooLong) refuse(what, "s3.prefix", tooLong);
};

const stackEnvironment = (what: string): string => {
  const stack = pulumi.getStack();
  if (!slug.safeParse(stack).success)
    refuse(
      what,
      "environment",
      `is missing; the stack's name '${stack}' cannot be one: give it in lower-case letters, digits, '.', '-', '_'`,
    );
  return stack;
};
