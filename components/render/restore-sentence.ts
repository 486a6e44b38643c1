import type { Plan, Request, Source } from "../../spec/index.ts";

/** One sentence for the operator before anything runs: what stops, from where, into what, kept as what. */
export const restoreSentence = (request: Request, plan: Plan, from: { environment: string; plan: string }): string => {
  const taken = plan.sources.filter(({ name, kind }) => isTaken(request, name, kind));
  return `request ${request.id} ${stops(request, plan)}, takes ${point(request)} of ${from.environment}/${from.plan} and ${into(request, taken)}`;
};

const isTaken = ({ into, sources }: Request, name: string, kind: Source["kind"]): boolean => {
  if (into.database !== undefined && kind !== "postgres") return false;
  if (into.directory !== undefined && kind !== "files") return false;
  return sources?.includes(name) ?? true;
};

const stops = ({ into }: Request, { name, quiesce }: Plan): string => {
  if (into.database !== undefined || into.directory !== undefined || !quiesce?.stop.length) return "stops nothing";
  return `stops the application of ${name} (${quiesce.stop.map((argv) => argv.join(" ")).join("; ")})`;
};

const point = ({ point: selector }: Request): string => {
  if (selector === "latest") return "the latest point";
  return typeof selector === "string" ? `point ${selector}` : `the newest point before ${selector.before}`;
};

const into = (request: Request, sources: readonly Source[]): string => {
  const { database, directory, inPlace } = request.into;
  if (database !== undefined) return `restores into the new database ${database}; nothing is replaced`;
  if (directory !== undefined) return `restores into the new directory ${directory}; nothing is replaced`;
  if (inPlace) return `overwrites ${named(sources, live)} in place, after a verified safety backup`;
  return `replaces ${named(sources, live)}; what is there now is kept as ${named(sources, superseded)}`;
};

const named = (sources: readonly Source[], name: (source: Source) => string): string =>
  sources.map(name).join(" and ") || "nothing";

const live = (source: Source): string =>
  source.kind === "postgres"
    ? `database ${source.database} on ${source.host}:${source.port}`
    : `directory ${source.directory}`;

const superseded = (source: Source): string =>
  `${source.kind === "postgres" ? source.database : source.directory}_org_<time>`;
