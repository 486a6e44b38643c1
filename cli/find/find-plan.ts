import { JobError } from "../../spec/index.ts";
import type { Io } from "../io.ts";
import type { FindOptions } from "./find-options.ts";
import type { Found } from "./found.ts";
import { planWithoutState } from "./from-repository.ts";
import { plansOfStack } from "./from-state.ts";

/** Every plan that the options can mean. */
export const findPlans = async (io: Io, options: FindOptions): Promise<readonly Found[]> => {
  if (options.repository !== undefined || options.target !== undefined) return [planWithoutState(io, options)];
  const all = await plansOfStack(io, options);
  return options.plan === undefined ? all : [choose(all, options.plan)];
};

/**
 * The one plan that the options mean.
 * @throws JobError `unknown-plan` when there is no such plan, or when there are several and none is named
 */
export const findPlan = async (io: Io, options: FindOptions): Promise<Found> => {
  const [first, ...others] = await findPlans(io, options);
  if (first && others.length === 0) return first;
  const names = [first, ...others].flatMap((found) => (found ? [nameOf(found)] : [])).join(", ");
  throw new JobError("unknown-plan", `the stack has several plans: ${names}`, "name one with --plan");
};

/** A plan that copies points has another name than they have. */
const nameOf = ({ declared, plan }: Found): string => declared?.name ?? plan;

const choose = (all: readonly Found[], name: string): Found => {
  const found = all.find((each) => nameOf(each) === name);
  if (found) return found;
  const names = all.map(nameOf).join(", ");
  throw new JobError("unknown-plan", `there is no plan '${name}'`, `the stack has ${names}`);
};

/**
 * The plan as it was declared.
 * @throws JobError `unknown-plan` where only a repository is known
 */
export const declaredPlan = ({ declared, plan }: Found) => {
  if (declared) return declared;
  throw new JobError(
    "unknown-plan",
    `what the plan '${plan}' holds is not known without a Pulumi state`,
    "give the plan as a JSON file with --target",
  );
};
