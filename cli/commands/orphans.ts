import { ERROR_CODES, JobError, type OrphanReport } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { declaredPlan, findPlan } from "../find/find-plan.ts";
import { integer } from "../format.ts";
import { runJob } from "../run-job.ts";
import { fields } from "../table.ts";

interface Options {
  readonly limit: string;
}

/** Compares rows with files and objects, both ways. */
export const orphans: Definition<Options> = {
  name: "orphans",
  summary: "list rows without their files or objects, and files or objects without a row",
  options: (command) => command.option("--limit <number>", "names to list on each side", "100"),
  run: async (io, options): Promise<Outcome> => {
    const limit = readLimit(options.limit);
    const found = await findPlan(io, options);
    const plan = declaredPlan(found);
    const result = await runJob(io, { kind: "orphans", version: 1, plan, limit }, found);
    const text = result.reports.map((report) => fields(lines(report), io)).join("\n");
    return {
      json: result,
      text: result.reports.length === 0 ? `the plan '${plan.name}' names no query to compare by\n` : text,
      exit: result.healthy ? 0 : ERROR_CODES.unhealthy.exit,
    };
  },
};

const readLimit = (text: string): number => {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new JobError("bad-config", `--limit: '${text}' is no number of names`, "give a whole number from 0 to 99999");
};

const lines = ({ name, of, rows, objects, missing, extra }: OrphanReport): (readonly [string, string])[] => [
  [name, `${integer(rows)} rows, ${integer(objects)} in ${of}`],
  ["missing", side(missing, `rows expect what is not in ${of}`)],
  ["extra", side(extra, `in ${of} that no row expects`)],
];

const side = ({ count, first }: OrphanReport["missing"], what: string): string =>
  count === 0 ? "none" : [`${integer(count)} ${what}:`, ...first, ...(count > first.length ? ["…"] : [])].join("\n");
