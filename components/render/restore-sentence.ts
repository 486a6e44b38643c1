import {
  type FilesSource,
  isRequested,
  mountText,
  onlyText,
  type Plan,
  type Request,
  recreatedClaims,
  type Source,
} from "../../spec/index.ts";
import { stopped } from "./stops-sentence.ts";

/** One sentence for the operator before anything runs: what stops, from where, into what, kept as what. */
export const restoreSentence = (request: Request, plan: Plan, from: { environment: string; plan: string }): string => {
  const taken = plan.sources.filter((source) => isRequested(request, source));
  return `request ${request.id} ${stops(request, plan)}, takes ${point(request)} of ${from.environment}/${from.plan} and ${into(request, taken)}`;
};

const stops = ({ into }: Request, plan: Plan): string => {
  const what = into.replace || into.inPlace ? stopped(plan) : undefined;
  return what === undefined ? "stops nothing" : `stops the application of ${plan.name} (${what})`;
};

const point = ({ point: selector }: Request): string => {
  if (selector === "latest") return "the latest point";
  if (typeof selector === "object" && "object" in selector)
    return `the old object ${selector.object}, which has no manifest,`;
  return typeof selector === "string" ? `point ${selector}` : `the newest point before ${selector.before}`;
};

const into = (request: Request, sources: readonly Source[]): string => {
  const { database, directory, volume, inPlace } = request.into;
  const what = request.only ? `restores only ${onlyText(request.only)}` : "restores";
  if (database !== undefined) return `${what} into the new database ${database}; nothing is replaced`;
  if (directory !== undefined) return `${what} into the new directory ${directory}; nothing is replaced`;
  if (volume !== undefined) return `${what} into the new volume ${volume}; nothing is replaced`;
  if (request.only)
    return `puts back only ${onlyText(request.only)} in ${named(sources, live)}; what stands there now is kept in ${named(sources, superseded)}`;
  if (inPlace) return `${emptied(request)}overwrites ${named(sources, live)} in place, after a verified safety backup`;
  return `replaces ${named(sources, live)}; what is there now is kept as ${named(sources, superseded)}`;
};

const emptied = (request: Request): string => {
  const claims = recreatedClaims(request);
  return claims.length === 0 ? "" : `deletes the volume of ${claims.join(" and ")}, makes it anew and `;
};

const named = (sources: readonly Source[], name: (source: Source) => string): string =>
  sources.map(name).join(" and ") || "nothing";

const live = (source: Source): string => {
  switch (source.kind) {
    case "postgres":
      return `database ${source.database} on ${source.host}:${source.port}`;
    case "files":
      return place(source);
    case "objects":
      return `missing and differing objects of s3://${source.bucket}/${source.prefix}`;
  }
};

const place = ({ directory, mount }: FilesSource): string =>
  mount === undefined ? `directory ${directory}` : mountText(mount);

/** A mount point cannot be renamed, so what is superseded there is kept inside it. */
const superseded = (source: Source): string => {
  if (source.kind === "postgres") return `${source.database}_org_<time>`;
  if (source.kind === "objects") return `s3://${source.bucket}/${source.prefix}_org_<time>, or as versions,`;
  return source.mount === undefined ? `${source.directory}_org_<time>` : `.restorable-org-<time> in ${place(source)}`;
};
