export type {
  AdoptBucketArgs,
  BackupBucketArgs,
  BucketChoice,
  BucketGuards,
  CreateBucketArgs,
  ExistingBucketArgs,
  S3CredentialsArgs,
  S3EndpointArgs,
} from "./args/bucket-args.ts";
export type {
  BackupPlanArgs,
  HooksArgs,
  LocalTargetArgs,
  QuiesceArgs,
  RetentionArgs,
  ScheduleChoice,
  TargetChoice,
} from "./args/plan-args.ts";
export type {
  KeyPairArgs,
  RepositoryArgs,
  RepositoryCredentials,
  RepositoryLocation,
  RepositoryOptions,
  S3RepositoryArgs,
  SigningChoice,
} from "./args/repository-args.ts";
export type { RestoreArgs, RestoreRequest } from "./args/restore-args.ts";
export type { FilesArgs, LoginArgs, PostgresArgs, SourceArgs, TlsChoice } from "./args/source-args.ts";
export { BackupBucket } from "./backup-bucket.ts";
export { BackupPlan } from "./backup-plan.ts";
export type { Empty, ExclusiveUnion } from "./exclusive-union.ts";
export { Repository } from "./repository.ts";
export { Restore } from "./restore.ts";
