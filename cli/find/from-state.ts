import {
  catalogName,
  type DeclaredDrill,
  declaredDrill,
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

const PLAN = "restorable:index:BackupPlan";
const COPY = "restorable:index:RepositoryCopy";
const REPOSITORY = "restorable:index:Repository";
const DRILL = "restorable:index:Drill";

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
  const drills = drillsOf(resources);
  const found = ofType(resources, PLAN, COPY).map((resource): Found => {
    const declared: Plan = parse(planSchema, resource.outputs.spec, `the plan ${resource.urn.split("::").at(-1)}`);
    const secrets = secretsOf(io, resource);
    const { repository } = declared;
    const name = catalogName(declared);
    // A copy has its own catalog, of the same name.
    const isDrilled = ({ plan, environment }: DeclaredDrill) =>
      resource.type === PLAN && plan === name && environment === repository.environment;
    const { schedule } = drills.find(isDrilled) ?? {};
    return { declared, repository, plan: name, secrets, repositories, drills: schedule, stack };
  });
  if (found.length > 0) return found;
  throw new JobError(
    "unknown-plan",
    `the state of stack '${stack}' holds no plan`,
    "run `pulumi up` first; if its state is lost, name the repository with --repository and --environment",
  );
};

const drillsOf = (resources: readonly StateResource[]): readonly DeclaredDrill[] =>
  ofType(resources, DRILL).flatMap(({ outputs }) => {
    const value = declaredDrill.safeParse(outputs.drill);
    return value.success ? [value.data] : [];
  });

const ofType = (resources: readonly StateResource[], ...types: readonly string[]): StateResource[] =>
  resources.filter(({ type }) => types.includes(type));

/** What the state knows counts more than what the environment happens to hold. */
const secretsOf = (io: Io, { outputs }: StateResource): Secrets => {
  const secrets = (outputs.secrets ?? {}) as Record<string, unknown>;
  const texts = Object.entries(secrets).filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return { ...io.env, ...Object.fromEntries(texts) };
};
