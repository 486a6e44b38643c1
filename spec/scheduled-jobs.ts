import type { CheckJob, Job } from "./job.ts";
import { catalogName, type Plan } from "./plan.ts";

/** What one run of a plan does, in order: it takes a point or copies points, lets retention select, and looks at the catalog. */
export const scheduledJobs = (plan: Plan): readonly [Job, ...Job[]] => {
  const { repository, retention, schedule, leaseSeconds, copyOf } = plan;
  const scope = { version: 1, repository, plan: catalogName(plan), schedule } as const;
  const first: Job = copyOf
    ? {
        kind: "copy",
        version: 1,
        plan: copyOf.plan,
        from: copyOf.repository,
        to: repository,
        schedule,
        leaseSeconds,
        ...(retention ? { retention } : {}),
      }
    : { kind: "backup", version: 1, plan };
  return [
    first,
    ...(retention ? [{ kind: "prune", ...scope, retention, confirm: true, leaseSeconds } as const] : []),
    checkOf(plan),
  ];
};

/** Looks at the catalog of a plan. */
export const checkOf = (plan: Plan): CheckJob => ({
  kind: "check",
  version: 1,
  repository: plan.repository,
  plan: catalogName(plan),
  schedule: plan.schedule,
});
