export type {
  AdoptBucketArgs,
  AwsBucketArgs,
  BackupBucketArgs,
  BucketChoice,
  BucketGuards,
  CreateBucketArgs,
  ExistingBucketArgs,
  GrantArgs,
  S3CredentialsArgs,
  S3EndpointArgs,
} from "./args/bucket-args.ts";
export type {
  DrillArgs,
  DrillCheckArgs,
  DrilledChoice,
  DrillServerArgs,
  DrillStorageArgs,
  DrillTargetArgs,
  StoredPlanArgs,
} from "./args/drill-args.ts";
export type {
  CertificateArgs,
  CronJobArgs,
  KeyArgs,
  KubeconfigChoice,
  KubernetesTargetArgs,
  LedgerClaimArgs,
  RunChoice,
  SidecarArgs,
} from "./args/kubernetes-args.ts";
export type { LayoutChoice } from "./args/layout-args.ts";
export type { ObjectsArgs, ObjectsStoreChoice } from "./args/objects-args.ts";
export type {
  BackupPlanArgs,
  CronArgs,
  HooksArgs,
  OrphanQueryArgs,
  RetentionArgs,
  ScheduleChoice,
} from "./args/plan-args.ts";
export type {
  ArgvArgs,
  ComposeUnitArgs,
  ExecProbeArgs,
  ExecUnitArgs,
  HostUnitArgs,
  ProbeChoice,
  QuiesceArgs,
  QuiesceUnitChoice,
} from "./args/quiesce-args.ts";
export type { RecoveryPointArgs } from "./args/recovery-point-args.ts";
export type {
  KeyPairArgs,
  RepositoryArgs,
  RepositoryCredentials,
  RepositoryLocation,
  RepositoryOptions,
  S3RepositoryArgs,
  SigningChoice,
} from "./args/repository-args.ts";
export type { RepositoryCopyArgs } from "./args/repository-copy-args.ts";
export type { RestoreArgs, RestoreRequest } from "./args/restore-args.ts";
export type {
  ContainerArgs,
  FilesArgs,
  FilesChoice,
  FilesOptions,
  LoginArgs,
  PostgresArgs,
  SourceArgs,
  TlsChoice,
} from "./args/source-args.ts";
export type {
  DockerNetworkChoice,
  DockerTargetArgs,
  DockerTargetOptions,
  LocalTargetArgs,
  RunnerArgs,
  TargetChoice,
} from "./args/target-args.ts";
export { BackupBucket } from "./backup-bucket.ts";
export { BackupPlan } from "./backup-plan.ts";
export { Drill } from "./drill.ts";
export type { Empty, ExclusiveUnion } from "./exclusive-union.ts";
export { RecoveryPoint } from "./recovery-point.ts";
export type { Sidecar } from "./render/sidecar.ts";
export { Repository } from "./repository.ts";
export { RepositoryCopy } from "./repository-copy.ts";
export { Restore } from "./restore.ts";
