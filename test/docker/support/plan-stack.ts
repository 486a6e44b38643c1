import path from "node:path";
import { identityToRecipient } from "age-encryption";
import type { CatalogPoint, Plan, ResultOf } from "../../../spec/index.ts";
import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { TEST_LABEL } from "../../../tools/docker/leftovers.ts";
import { succeeded } from "../../runner/world.ts";
import { PulumiStack } from "../../support/pulumi-stack.ts";
import { checkout } from "../../support/tools.ts";
import { HOST } from "./launches.ts";
import type { DockerWorld } from "./world.ts";

/** Every few seconds, so that nobody waits for it. */
export const OFTEN = "*/5 * * * * *";

/** In a program: a transform by which all that it declares on the host carries the tests' label, with checks every second. */
export const MARK = `
const [label, value] = ${JSON.stringify(TEST_LABEL.split("="))};
const mark = ({ type, props, opts }) => {
  if (!type.startsWith("docker:index/")) return undefined;
  const labels = pulumi.output(props.labels).apply((all) => [...all, { label, value }]);
  const often = props.healthcheck ? { healthcheck: { ...props.healthcheck, interval: "1s" } } : {};
  return { props: { ...props, labels, ...often }, opts };
};
`;

/** A program with one plan on the Docker host, in the network of the container `app`. */
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { BackupBucket, BackupPlan, Repository } from ${JSON.stringify(path.join(checkout, "components/index.ts"))};

const config = new pulumi.Config();
${MARK}
const bucket = new BackupBucket("backups", { existing: {
  endpoint: "http://s3:7070",
  bucket: "backups",
  credentials: { accessKeyId: config.requireSecret("id"), secretAccessKey: config.requireSecret("key") },
} });
const repository = new Repository("app", { s3: { bucket }, environment: "prod" });
const schedule = config.get("cron");
const plan = new BackupPlan("app", {
  target: { docker: { host: config.require("host"), networkOf: config.require("app") } },
  runner: { image: config.require("image") },
  sources: [
    { postgres: { host: "localhost", database: "app", user: "postgres", password: config.requireSecret("password") } },
    { files: { volume: config.require("files") } },
  ],
  repository,
  schedule: schedule ? { cron: schedule, timeZone: "UTC" } : { none: {} },
  retention: { keepLast: 3, minimum: 2 },
  recipients: [config.require("recipient")],
}, { transforms: [mark] });
export const spec = plan.spec;
export const secrets = plan.secrets;
`;

/** A stack of that program over a world of containers. */
export interface PlanStack {
  readonly stack: PulumiStack;
  readonly plan: () => Promise<Plan>;
  readonly secrets: () => Promise<Readonly<Record<string, string>>>;
  /** The recovery points of its plan: what counts. */
  readonly points: () => Promise<readonly CatalogPoint[]>;
  readonly catalog: (point?: string) => Promise<ResultOf<"catalog">>;
}

export async function planStack(world: DockerWorld, config: Readonly<Record<string, string>>): Promise<PlanStack> {
  // The stack's name is in every name on the host, so that two runs of these tests do not meet.
  const stack = await PulumiStack.create({ program: PROGRAM, standIns: ["docker"], stack: world.place.network });
  const secret = { id: world.secrets.S3_ID, key: world.secrets.S3_SECRET, password: world.secrets.PG_PASSWORD };
  for (const [key, value] of Object.entries(secret)) await stack.setConfig(key, String(value), { secret: true });
  const all = {
    host: HOST,
    image: RUNNER_IMAGE,
    files: world.files,
    recipient: await identityToRecipient(world.operatorKey),
    ...config,
  };
  for (const [key, value] of Object.entries(all)) await stack.setConfig(key, value);
  const plan = async () => (await stack.outputs()).spec as Plan;
  const secrets = async () => (await stack.outputs()).secrets as Record<string, string>;
  const catalog: PlanStack["catalog"] = async (point) => {
    const { repository, name } = await plan();
    const job = { kind: "catalog", version: 1, repository, plan: name, unverified: false } as const;
    const result = await world.run(point === undefined ? job : { ...job, point }, await secrets());
    return succeeded(result, "catalog");
  };
  return { stack, plan, secrets, catalog, points: async () => (await catalog()).points };
}
