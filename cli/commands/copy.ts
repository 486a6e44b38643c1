import { formatBytes } from "../../launch/index.ts";
import { type CopyJob, ERROR_CODES, JobError, scheduledJobs, unhealthyCode } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { declaredPlan, findPlan } from "../find/find-plan.ts";
import { runJob } from "../run-job.ts";
import { fields } from "../table.ts";

/** Copies now the points that a plan's repository lacks. */
export const copy: Definition = {
  name: "copy",
  summary: "copy now the points of another repository that this one lacks, and check every byte",
  run: async (io, options): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const declared = declaredPlan(found);
    const [job] = scheduledJobs(declared);
    if (job.kind !== "copy") {
      const fact = `the plan '${declared.name}' takes points of its own and copies none`;
      throw new JobError("bad-config", fact, "name a plan with `copyOf`, which a RepositoryCopy declares, with --plan");
    }
    const result = await runJob(io, job satisfies CopyJob, found);
    const { copied, present, left, problems, bytes, healthy } = result;
    const facts = (items: typeof left) => items.map(({ point, fact }) => `${point}: ${fact}`).join("\n");
    const text = fields(
      [
        ["copied", copied.join("\n") || "none: nothing was lacking"],
        ["read", formatBytes(bytes)],
        ["there before", String(present)],
        ["left", facts(left)],
        ["PROBLEMS", facts(problems)],
      ],
      io,
    );
    return { json: result, text, exit: healthy ? 0 : ERROR_CODES[unhealthyCode(declared)].exit };
  },
};
