import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type Ability, bucketJob, bucketResult, canonicalJson, launch } from "../spec/index.ts";
import { type BackupBucketArgs, backupBucketArgs, type S3CredentialsArgs } from "./args/bucket-args.ts";
import { checkArgs, resolved } from "./args/check-args.ts";
import { launcherInputs, ONLY_TRIGGERS } from "./launcher.ts";
import { bucketJobOf, bucketName, type Connection, chosenBucket, connectionOf } from "./render/bucket-job.ts";
import type { Lock } from "./render/lock-contract.ts";
import type { Split } from "./render/secrets.ts";

const TYPE = "restorable:index:BackupBucket";

/**
 * A bucket for backups on an S3-compatible store: versioned, with a lifecycle that expires only what was marked, and
 * locked if asked for. A launcher applies this again whenever what is declared changes; a changed password alone runs
 * nothing. What the store cannot do is a warning that says what takes its place.
 *
 * `destroy` leaves the bucket, its data and its guards as they are.
 *
 * @throws pulumi.RunError at preview for arguments that are wrong, each with its path
 */
export class BackupBucket extends pulumi.ComponentResource {
  /** The bucket's name. */
  public readonly bucket: pulumi.Output<string>;
  /** What the store was found to be able to do. Empty for an existing bucket, on which nothing is looked at. */
  public readonly abilities: pulumi.Output<readonly Ability[]>;
  /** How the bucket is reached, for a repository in it. */
  public readonly connection: Connection;
  /** What a repository uses that has no credentials of its own. */
  public readonly credentials: S3CredentialsArgs | undefined;
  public readonly lock: Lock | undefined;

  constructor(name: string, args: BackupBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    checkArgs(backupBucketArgs, `BackupBucket "${name}"`, args);
    super(TYPE, name, {}, { retainOnDelete: true, ...opts });

    const chosen = chosenBucket(args);
    this.bucket = pulumi.output(chosen.bucket ?? bucketName(pulumi.getProject(), pulumi.getStack(), name));
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

const abilitiesIn = (line: string | undefined): readonly Ability[] =>
  line ? bucketResult.parse(JSON.parse(line)).abilities : [];
