import { JobError, type Plan, type Request, recreatedClaims } from "../../spec/index.ts";

/** The text that names the target of a restore; a request must repeat it. */
export const targetName = ({ project, stack, name }: Plan): string => `${project}/${stack}/${name}`;

/**
 * What is refused before anything else is looked at.
 * @throws JobError `wrong-confirm`, `bad-config`
 */
export const guard = (plan: Plan, request: Request): void => {
  const expected = targetName(plan);
  if (request.confirm !== expected) {
    throw new JobError(
      "wrong-confirm",
      `the request confirms '${request.confirm}', but the target is '${expected}'`,
      "make sure that this is the target you mean, then set `confirm` to its name; nothing was touched",
    );
  }
  if (plan.protected && request.reason === undefined) {
    throw new JobError(
      "bad-config",
      `'${expected}' is protected, and the request gives no reason`,
      "add `reason` with a sentence that will stand in the record; nothing was touched",
    );
  }
  if (request.into.volume !== undefined && plan.target.kind === "local") {
    throw new JobError(
      "bad-config",
      `'${expected}' is neither a Docker host nor a cluster, so there is no volume '${request.into.volume}'`,
      "restore into a directory instead; nothing was touched",
    );
  }
  if (recreatedClaims(request).length > 0 && plan.target.kind !== "kubernetes") {
    throw new JobError(
      "bad-config",
      `'${expected}' is in no cluster, so there are no volume claims to delete`,
      "leave `recreateClaims` away; nothing was touched",
    );
  }
};
