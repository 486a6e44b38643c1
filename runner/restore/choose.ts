import {
  type Entry,
  JobError,
  type Manifest,
  type OldObject,
  oldKeyOf,
  oldSources,
  type Plan,
  type Request,
  type Source,
} from "../../spec/index.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { selectPoint } from "../catalog/select-point.ts";
import { openPlanStore, openRootStore } from "../jobs/plan-store.ts";
import { findOldObjects } from "../old/find-objects.ts";
import { readOldObject } from "../old/read-object.ts";
import { type Match, matchSources } from "./match-sources.ts";
import type { PartRequest } from "./restore-part.ts";
import { artifactSource, isForeign, type Session } from "./restore-session.ts";

/** What a restore takes. */
export interface Chosen {
  /** For people: a point's id, or the key of an old object. */
  readonly name: string;
  /** Absent: an older tool's objects, which have neither a manifest nor a key of their own. */
  readonly point?: Manifest;
  readonly sources: readonly Entry[];
  /** The request, with the sources that an old object can fill. */
  readonly request: Request;
  /** What nothing but reading the old objects could say. */
  readonly old?: { readonly roles: ReadonlySet<string> };
  readonly notes: readonly string[];
}

/**
 * Finds what the request asks for; an old object is read to its end, because only that says whether it is whole.
 * @param point instead of the request's own selector: the one that a journal has pinned
 * @throws JobError as `selectPoint`, `findOldObjects` and `readOldObject`
 */
export const choose = async (session: Session, point?: string): Promise<Chosen> => {
  const { context, job } = session;
  const key = oldKeyOf(job.request.point);
  if (key !== undefined) return chooseOld(session, key);
  const store = openPlanStore(context, job.from.repository, job.from.plan, "reader");
  context.report.step("checked", `looking for the point in ${store.name}`);
  const { points } = await readCatalog(context, store, job.from.repository, job.from.plan);
  const options = { unverified: job.request.unverified ?? false };
  const selected = selectPoint(points, point ?? job.request.point, options);
  for (const text of selected.warnings) context.report.warning(text);
  const { id, manifest } = selected.point;
  return { name: id, point: manifest, sources: manifest.sources, request: job.request, notes: [] };
};

const chooseOld = async (session: Session, key: string): Promise<Chosen> => {
  const { context, job } = session;
  if (job.request.unverified !== true)
    throw new JobError("unsigned", `${key} has no manifest`, "say `unverified: true` in the request to restore it");
  const root = openRootStore(context, job.from.repository, "reader");
  const roles = new Set<string>();
  const sources: Entry[] = [];
  const notes: string[] = [];
  for (const object of await findOldObjects(root, key)) {
    const source = sourceOf(job, object.kind);
    if (!source) continue;
    context.report.step("checked", `reading ${object.key} to its end: nothing else says whether it is whole`);
    const content = await readOldObject(context, root, object, artifactSource(session).identity);
    sources.push({ ...content.entry, name: source.name });
    for (const role of content.roles) roles.add(role);
    notes.push(
      `taken from the old object ${object.key} of ${object.time}${object.host === undefined ? "" : `, host ${object.host}`}: it has no manifest, so its contents were not compared with anything`,
    );
  }
  const request = { ...job.request, sources: job.request.sources ?? sources.map(({ name }) => name) };
  return { name: key, sources, request, old: { roles }, notes };
};

/** The source that an old object fills: the one that the plan's layout names, or the only one that is asked for. */
const sourceOf = ({ plan, request }: Session["job"], kind: OldObject["kind"]): Source | undefined => {
  const fitting = oldSources(plan, request, kind);
  if (fitting.length < 2) return fitting[0];
  throw new JobError(
    "bad-config",
    `the plan '${plan.name}' has ${fitting.length} sources of the kind ${kind}, and an old object does not say which one it is of`,
    "name one in the request's `sources`",
  );
};

/** Pairs what was chosen with the plan's sources. */
export const matchChosen = (plan: Plan, { name, sources, request }: Chosen): readonly Match[] =>
  matchSources(plan, { id: name, sources: [...sources] }, request);

/** What a part of this restore is asked for. Where an old object comes from is not known, so it counts as foreign. */
export const partRequest = (session: Session, { old }: Chosen, match: Match): Omit<PartRequest, "at"> => ({
  plan: session.job.plan,
  ...match,
  request: session.job.request,
  artifacts: artifactSource(session),
  foreign: old !== undefined || isForeign(session.job),
  ...(old ? { old } : {}),
});
