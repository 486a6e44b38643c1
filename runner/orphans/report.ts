import type { FilesSource, ObjectsSource, OrphanQuery, OrphanReport, Plan, PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { compareSorted } from "./compare-sorted.ts";
import { expectedKeys } from "./expected-keys.ts";
import { presentKeys } from "./present-keys.ts";

/** Runs the comparisons that a plan names; with `restored`, only those whose both sides are among these sources. */
export const orphanReports = async (
  context: Context,
  plan: Plan,
  limit: number,
  restored?: readonly string[],
): Promise<readonly OrphanReport[]> => {
  const reports: OrphanReport[] = [];
  for (const query of plan.orphans ?? []) {
    const { rows, objects } = sidesOf(plan, query);
    if (restored && !(restored.includes(rows.name) && restored.includes(objects.name))) continue;
    context.report.step("orphans", `comparing rows of '${rows.name}' with '${objects.name}'`);
    const found = await compareSorted(expectedKeys(context, rows, query), presentKeys(context, objects), limit);
    reports.push({ name: query.name, of: query.of, ...found });
  }
  return reports;
};

/** The plan's schema has seen to it that both are there. */
const sidesOf = (
  { sources }: Plan,
  { postgres, of }: OrphanQuery,
): { readonly rows: PostgresSource; readonly objects: FilesSource | ObjectsSource } => {
  const rows = sources.find((source) => source.kind === "postgres" && (postgres ?? source.name) === source.name);
  const objects = sources.find(({ name }) => name === of);
  if (rows?.kind !== "postgres" || !objects || objects.kind === "postgres") throw new Error(`no sides for ${of}`);
  return { rows, objects };
};

/** One sentence for a record. */
export const orphanNote = ({ name, of, rows, objects, missing, extra }: OrphanReport): string => {
  if (missing.count + extra.count === 0) return `orphans '${name}': none among ${rows} rows and ${objects} of '${of}'`;
  return [
    `orphans '${name}': ${missing.count} of ${rows} rows without what they expect in '${of}'${names(missing)}`,
    `${extra.count} of ${objects} in '${of}' without a row${names(extra)}`,
  ].join("; ");
};

const names = ({ count, first }: OrphanReport["missing"]): string =>
  count === 0 ? "" : ` (${first.join(", ")}${count > first.length ? ", …" : ""})`;
