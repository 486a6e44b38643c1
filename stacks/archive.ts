import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Repository, RepositoryCopy, type TargetChoice } from "../components/index.ts";
import { dockerTarget, type plan, retention } from "../spec/index.ts";
import { bucketConfig, credentialsOf, declaredBucket } from "./bucket.ts";
import { clusterOf, namespaceConfig } from "./cluster.ts";
import { scheduleConfig } from "./schedule.ts";

/** The schema of `archive`: where a host that pulls keeps copies of every point. */
export const archiveConfig = z
  .strictObject({
    to: z.union([
      z.strictObject({ directory: z.string() }),
      z.strictObject({ bucket: bucketConfig, prefix: z.string().optional() }),
    ]),
    docker: z
      .strictObject({ host: z.string().optional(), network: z.string(), user: dockerTarget.shape.user })
      .optional(),
    kubernetes: namespaceConfig.optional(),
    ledger: z.string().optional(),
    schedule: scheduleConfig,
    retention: retention.optional(),
  })
  .refine(({ docker, kubernetes }) => !(docker && kubernetes), "an archive host is `docker` or `kubernetes`, not both");
type ArchiveConfig = z.output<typeof archiveConfig>;
type Criticality = NonNullable<z.output<typeof plan.shape.criticality>>;

/** Copies of the points of these plans, each by a plan `<name>-archive` that the first repository's writer cannot touch. */
export const archive = (
  { to, docker, kubernetes, ledger, schedule, retention }: ArchiveConfig,
  from: Repository,
  runner: string,
  plans: Readonly<Record<string, Criticality>>,
  config: pulumi.Config,
): readonly RepositoryCopy[] => {
  // It signs nothing: what is copied was signed by whom the first repository believes.
  const options = { environment: from.environment, signing: { none: {} }, trusted: [from.publicKey.apply(String)] };
  const repository = new Repository("archive", { ...place(to, config), ...options });
  const target = targetOf({ docker, kubernetes, ledger });
  return Object.entries(plans).map(
    ([name, criticality]) =>
      new RepositoryCopy(`${name}-archive`, {
        target,
        runner: target.local ? undefined : { image: runner },
        from,
        plan: name,
        to: repository,
        schedule,
        retention,
        criticality,
      }),
  );
};

const targetOf = ({
  docker,
  kubernetes,
  ledger,
}: Pick<ArchiveConfig, "docker" | "kubernetes" | "ledger">): TargetChoice => {
  if (docker) return { docker };
  return kubernetes ? { kubernetes: clusterOf(kubernetes) } : { local: { ledger } };
};

const place = (to: ArchiveConfig["to"], config: pulumi.Config) =>
  "directory" in to
    ? { directory: to.directory }
    : { s3: { bucket: declaredBucket("archive", to.bucket, credentialsOf(config, "archive")), prefix: to.prefix } };
