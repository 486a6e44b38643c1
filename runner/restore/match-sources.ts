import {
  type Entry,
  goesElsewhere,
  isRequested,
  JobError,
  type Manifest,
  onlyText,
  type Plan,
  type Request,
  type Source,
} from "../../spec/index.ts";

export interface Match {
  readonly source: Source;
  readonly entry: Entry;
}

/**
 * Pairs what the point holds with what the target plan declares: by kind and name, or by kind alone where both have
 * only one of it (production's `packit` onto uat's `packit_uat`).
 * @throws JobError `bad-config` when something asked for has no counterpart
 */
export const matchSources = (
  plan: Plan,
  manifest: Pick<Manifest, "id" | "sources">,
  { sources: asked, into, only }: Request,
): readonly Match[] => {
  const wanted = plan.sources.filter((source) => isRequested({ into, only, sources: asked }, source));
  const missing = asked?.filter((name) => !wanted.some((source) => source.name === name)) ?? [];
  if (missing.length > 0) {
    throw refusal(
      `the plan '${plan.name}' has no source ${missing.map((name) => `'${name}'`).join(", ")} that this restore could take`,
      `its sources are ${names(plan.sources)}`,
    );
  }
  if (goesElsewhere(into) && wanted.length !== 1) {
    throw refusal(
      `the restore goes into one ${Object.keys(into)[0]}, but ${wanted.length} sources fit`,
      "name one in the request's `sources`",
    );
  }
  if (only && wanted.length !== 1) {
    throw refusal(
      `${onlyText(only)} may be of ${wanted.length === 0 ? "no source of the plan" : names(wanted)}, and one source is taken`,
      `name one in the request's \`sources\`; the plan has ${names(plan.sources)}`,
    );
  }
  return wanted.map((source) => ({ source, entry: counterpart(source, plan, manifest) }));
};

const counterpart = (source: Source, plan: Plan, manifest: Pick<Manifest, "id" | "sources">): Entry => {
  const ofKind = manifest.sources.filter(({ kind }) => kind === source.kind);
  const named = ofKind.find(({ name }) => name === source.name);
  const only =
    ofKind.length === 1 && plan.sources.filter(({ kind }) => kind === source.kind).length === 1 ? ofKind[0] : undefined;
  const found = named ?? only;
  if (found) return found;
  throw refusal(
    `point ${manifest.id} holds nothing for the source '${source.name}'`,
    `it holds ${names(manifest.sources)}; name what to restore in the request's \`sources\``,
  );
};

const names = (items: readonly { name: string }[]): string => items.map(({ name }) => `'${name}'`).join(", ");

const refusal = (fact: string, hint: string): JobError => new JobError("bad-config", fact, hint);
