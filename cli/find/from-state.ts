import {
  catalogName,
  JobError,
  type Plan,
  parse,
  plan as planSchema,
  repository as repositorySchema,
} from "../../spec/index.ts";
import type { Io } from "../io.ts";
import type { StateResource } from "../pulumi/stacks.ts";
import type { FindOptions } from "./find-options.ts";
import type { Found, Secrets } from "./found.ts";

const PLANS = ["restorable:index:BackupPlan", "restorable:index:RepositoryCopy"];
const REPOSITORY = "restorable:index:Repository";

/**
 * The plans that a stack's state holds.
 * @throws JobError `unknown-plan` when it holds none
 */
export const plansOfStack = async (io: Io, options: FindOptions): Promise<readonly Found[]> => {
  const { stack, resources } = await io.stacks.read(options);
  const repositories = ofType(resources, REPOSITORY).flatMap((resource) => {
    const value = repositorySchema.safeParse(resource.outputs.spec);
    return value.success ? [{ repository: value.data, secrets: secretsOf(io, resource) }] : [];
  });
  const found = ofType(resources, ...PLANS).map((resource): Found => {
    const declared: Plan = parse(planSchema, resource.outputs.spec, `the plan ${resource.urn.split("::").at(-1)}`);
    const secrets = secretsOf(io, resource);
    return { declared, repository: declared.repository, plan: catalogName(declared), secrets, repositories, stack };
  });
  if (found.length > 0) return found;
  throw new JobError(
    "unknown-plan",
    `the state of stack '${stack}' holds no plan`,
    "run `pulumi up` first; if its state is lost, name the repository with --repository and --environment",
  );
};

const ofType = (resources: readonly StateResource[], ...types: readonly string[]): StateResource[] =>
  resources.filter(({ type }) => types.includes(type));

/** What the state knows counts more than what the environment happens to hold. */
const secretsOf = (io: Io, { outputs }: StateResource): Secrets => {
  const secrets = (outputs.secrets ?? {}) as Record<string, unknown>;
  const texts = Object.entries(secrets).filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return { ...io.env, ...Object.fromEntries(texts) };
};
