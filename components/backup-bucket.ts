import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type Ability, bucketJob, bucketResult, canonicalJson, launch } from "../spec/index.ts";
import { type BackupBucketArgs, backupBucketArgs, type S3CredentialsArgs } from "./args/bucket-args.ts";
import { checkArgs, refuse, resolved } from "./args/check-args.ts";
import { type AwsBucket, awsBucket } from "./aws-bucket.ts";
import { launcherInputs, ONLY_TRIGGERS } from "./launcher.ts";
import { tooManyGrants } from "./render/aws-bucket.ts";
import { bucketJobOf, bucketName, type Connection, chosenBucket, connectionOf } from "./render/bucket-job.ts";
import type { Lock } from "./render/lock-contract.ts";
import type { Split } from "./render/secrets.ts";

const TYPE = "restorable:index:BackupBucket";

/**
 * A bucket for backups: versioned, with a lifecycle that expires only what was marked, and locked if asked for.
 *
 * On an S3-compatible store a launcher applies this again whenever what is declared changes; a changed password alone
 * runs nothing. What the store cannot do is a warning that says what takes its place. On AWS (`aws`) every part is a
 * resource of the `aws` provider, which the caller may pass: encrypted, closed to the public and to whoever comes
 * without TLS.
 *
 * `destroy` leaves the bucket, its data and its guards as they are.
 *
 * @throws pulumi.RunError at preview for arguments that are wrong, each with its path
 */
export class BackupBucket extends pulumi.ComponentResource {
  /** The bucket's name. */
  public readonly bucket: pulumi.Output<string>;
  /** What the store was found to be able to do. Empty where nothing is looked at: an existing bucket, and AWS. */
  public readonly abilities: pulumi.Output<readonly Ability[]>;
  /** How the bucket is reached, for a repository in it. */
  public readonly connection: Connection;
  /** What a repository uses that has no credentials of its own. */
  public readonly credentials: S3CredentialsArgs | undefined;
  public readonly lock: Lock | undefined;
  /** A bucket on AWS, for the identities of a repository in it. */
  public readonly aws: AwsBucket | undefined;

  constructor(name: string, args: BackupBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    const what = `BackupBucket "${name}"`;
    checkArgs(backupBucketArgs, what, args);
    refuseGrants(what, args);
    super(TYPE, name, {}, { retainOnDelete: true, ...opts });

    const chosen = chosenBucket(args);
    this.aws = args.aws ? awsBucket(name, args.aws, args, this) : undefined;
    this.bucket =
      this.aws?.bucket ?? pulumi.output(chosen.bucket ?? bucketName(pulumi.getProject(), pulumi.getStack(), name));
    this.connection = connectionOf(chosen, this.bucket);
    this.credentials = chosen.credentials;
    this.lock = args.lock;

    const job = bucketJobOf(name, args, this.bucket);
    this.abilities = job ? this.apply(name, job) : pulumi.output([]);

    this.registerOutputs({ bucket: this.bucket, abilities: this.abilities });
  }

  /** Whether a value is a BackupBucket, also one of another copy of this package. */
  public static override isInstance(value: unknown): value is BackupBucket {
    return pulumi.ComponentResource.isInstance(value) && "__pulumiType" in value && value.__pulumiType === TYPE;
  }

  private apply(name: string, { spec, secrets }: Split<object>): pulumi.Output<readonly Ability[]> {
    const job = pulumi.output(spec).apply((known) => resolved(bucketJob, `BackupBucket "${name}"`, known));
    const text = job.apply((known) => canonicalJson(launch.parse({ kind: "bucket", version: 1, job: known })));
    const run = new command.local.Command(`${name}-bucket`, launcherInputs(text, secrets, [job.apply(canonicalJson)]), {
      parent: this,
      retainOnDelete: true,
      ignoreChanges: ONLY_TRIGGERS,
    });
    return run.stdout.apply((line) => this.warned(abilitiesIn(line)));
  }

  private warned(abilities: readonly Ability[]): readonly Ability[] {
    for (const { name, ok, instead } of abilities) {
      if (!ok) void pulumi.log.warn(`the store has no ${name}${instead ? `; instead: ${instead}` : ""}`, this);
    }
    return abilities;
  }
}

const refuseGrants = (what: string, { existing, grants }: BackupBucketArgs): void => {
  if (!grants) return;
  if (existing) refuse(what, "grants", "nothing is declared on an existing bucket: adopt it, or grant by other means");
  // What is an Output counts for nothing here; the store has the last word.
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const tooMany = tooManyGrants(
    grants.map((given) => ({ ...given, principal: text(given.principal), prefix: text(given.prefix) })),
  );
  if (tooMany) refuse(what, "grants", tooMany);
};

const abilitiesIn = (line: string | undefined): readonly Ability[] =>
  line ? bucketResult.parse(JSON.parse(line)).abilities : [];
