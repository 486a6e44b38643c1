import { COPIES, type Manifest, pointId, pointTime, type StoredCopy } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { digestOf } from "../store/digest-stream.ts";
import type { Store } from "../store/store.ts";
import { readCopies } from "./copy-list.ts";

/**
 * Days for which a copy that no point names is taken up by a run: one that was killed has left it. A prune removes such
 * copies later than that (`SWEEP_AFTER_DAYS`), so it never takes away what a running backup has just decided to name.
 */
const REUSE_DAYS = 3;

/** The copies that a run can name instead of copying again. */
export interface KnownCopies {
  /** One that the newest point names: nothing more has to be looked at. */
  readonly named: (name: string) => StoredCopy | undefined;
  /** One that a killed run has left, read back now; without headers. */
  readonly leftover: (name: string, bytes: number) => Promise<Omit<StoredCopy, "headers"> | undefined>;
}

/** Reads the newest point's list, and looks which of its copies are still there. */
export const knownCopies = async (
  context: Context,
  store: Store,
  source: string,
  previous: Manifest | undefined,
): Promise<KnownCopies> => {
  const listed = await namedCopies(context, store, source, previous);
  const named = new Map<string, StoredCopy>();
  const leftovers = new Map<string, { readonly stored: string; readonly versionId?: string }>();
  for await (const { key, versionId, bytes } of presentCopies(store, source)) {
    const parsed = parseCopyKey(key, source);
    if (!parsed) continue;
    const copy = listed.get(parsed.name);
    if (copy && copy.stored === key) {
      if (versionId === undefined ? bytes === copy.bytes : versionId === copy.versionId) named.set(parsed.name, copy);
    } else if (context.now().getTime() - pointTime(parsed.point).getTime() < REUSE_DAYS * 86_400_000) {
      leftovers.set(parsed.name, { stored: key, ...(versionId === undefined ? {} : { versionId }) });
    }
  }
  return {
    named: (name) => named.get(name),
    leftover: async (name, bytes) => {
      const left = leftovers.get(name);
      const read = left && (await readBack(context, store, left));
      return read?.bytes === bytes ? read : undefined;
    },
  };
};

const namedCopies = async (
  context: Context,
  store: Store,
  source: string,
  previous: Manifest | undefined,
): Promise<ReadonlyMap<string, StoredCopy>> => {
  const copies = new Map<string, StoredCopy>();
  const entry = previous?.sources.find(({ kind, name }) => kind === "objects" && name === source);
  if (entry?.kind !== "objects" || !entry.copies) return copies;
  for await (const copy of readCopies(context, store, entry.copies)) {
    const parsed = parseCopyKey(copy.stored, source);
    if (parsed) copies.set(parsed.name, copy);
  }
  return copies;
};

/** On a versioned store every version, because what a point names may be covered by a later one or by a delete marker. */
export async function* presentCopies(
  store: Store,
  source?: string,
): AsyncGenerator<{ readonly key: string; readonly versionId?: string; readonly bytes?: number }, void, undefined> {
  const below = source === undefined ? COPIES : `${COPIES}${source}/`;
  if (!(await store.versioned())) {
    yield* store.list(below);
    return;
  }
  for await (const { key, versionId, deleteMarker } of store.versions(below))
    if (!deleteMarker) yield { key, versionId };
}

/** What is in the key of a copy; undefined for a key that no backup has made. */
export const parseCopyKey = (
  key: string,
  source?: string,
): { readonly source: string; readonly name: string; readonly point: string } | undefined => {
  const [, of, name, point] = /^objects\/([^/]+)\/([0-9a-f]{40})-(\d{8}T\d{6}Z-[0-9a-f]{4})$/.exec(key) ?? [];
  if (of === undefined || name === undefined || !pointId.safeParse(point).success) return undefined;
  return source === undefined || source === of ? { source: of, name, point: point as string } : undefined;
};

const readBack = async (
  { signal }: Context,
  store: Store,
  { stored, versionId }: { readonly stored: string; readonly versionId?: string },
): Promise<Omit<StoredCopy, "headers">> => {
  const version = versionId === undefined ? {} : { versionId };
  return { stored, ...version, ...(await digestOf(await store.getStream(stored, { ...version, signal }))) };
};
