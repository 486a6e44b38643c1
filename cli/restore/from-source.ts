import { JobError } from "../../spec/index.ts";
import type { Found, FoundSource } from "../find/found.ts";

/**
 * Whose recovery points a restore takes: the plan's own, or another environment's that the stack knows.
 * @throws JobError `bad-config` for an environment that the stack does not know
 */
export const fromSource = (found: Found, from: string | undefined): FoundSource => {
  if (from === undefined) return found;
  const [environment, plan = found.plan] = from.split("/");
  const own = { repository: found.repository, secrets: found.secrets };
  const known = [own, ...found.repositories];
  const chosen = known.find(({ repository }) => repository.environment === environment);
  if (chosen) return { ...chosen, plan, declared: found.declared };
  const names = [...new Set(known.map(({ repository }) => repository.environment))].join(", ");
  throw new JobError(
    "bad-config",
    `the environment '${environment}' is not known here`,
    `expected one of ${names}; a stack names others in the 'from' of its Restore`,
  );
};
