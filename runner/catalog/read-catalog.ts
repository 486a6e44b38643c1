import {
  CATALOG,
  type CatalogPoint,
  isLayoutKeyOf,
  MARKS,
  type Manifest,
  type Mark,
  mark,
  PROOFS,
  pointId,
  type Repository,
  signedManifest,
  signedProof,
  storedBytes,
} from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { signatureState } from "../crypto/signature.ts";
import type { Store } from "../store/store.ts";
import { manifestHere } from "./copied-manifest.ts";
import { inParallel } from "./in-parallel.ts";
import { type ManifestKey, manifestKeys } from "./manifest-keys.ts";
import { readJson, Unreadable } from "./read-json.ts";

export interface Catalog {
  /** Oldest first. */
  readonly points: readonly CatalogPoint[];
  readonly unreadable: readonly { readonly key: string; readonly reason: string }[];
  /** Of each point by its id. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** Where a point comes from. */
export interface Origin {
  /** Its manifest here. */
  readonly at: ManifestKey;
  /** Of the manifest's object in the repository where the point was made. */
  readonly sha256: string;
}

/** Objects read at the same time. */
const WIDTH = 16;

type Proof = CatalogPoint["proofs"][number];
type Bare = Omit<CatalogPoint, "marks" | "proofs"> & { readonly origin: Origin };

/**
 * Reads the recovery points of a plan with their marks and proofs; with `plan`, only manifests of that plan count.
 * What cannot be read is reported beside the points, so that one bad object never hides the others.
 */
export const readCatalog = async (
  context: Context,
  store: Store,
  repository: Repository,
  plan?: string,
): Promise<Catalog> => {
  const unreadable: { key: string; reason: string }[] = [];
  const sift = <T extends object>(values: readonly (T | Unreadable | undefined)[]): T[] =>
    values.flatMap((value) => {
      if (value === undefined) return [];
      if (!(value instanceof Unreadable)) return [value];
      unreadable.push({ ...value });
      return [];
    });
  const each = <T, R>(items: readonly T[], work: (item: T) => Promise<R>) =>
    inParallel(WIDTH, items, (item) => {
      context.signal.throwIfAborted();
      return work(item);
    });
  const bare = sift(await each(await manifestKeys(store), (key) => readPoint(store, repository, plan, key)));
  const known = new Set(bare.map(({ id }) => id));
  const marks = sift(await each(await keysOf(store, MARKS, known), (key) => readMark(store, key)));
  const proofs = sift(await each(await keysOf(store, PROOFS, known), (key) => readProof(store, repository, key)));
  const [marksOf, proofsOf] = [
    Map.groupBy(marks, ({ point }) => point),
    Map.groupBy(proofs, ({ proof }) => proof.point),
  ];
  const points = bare
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ origin: _, ...point }) => ({
      ...point,
      marks: byTime(marksOf.get(point.id) ?? [], ({ at }) => at),
      proofs: byTime(proofsOf.get(point.id) ?? [], ({ proof }) => proof.at),
    }));
  return { points, unreadable, origins: new Map(bare.map(({ id, origin }) => [id, origin])) };
};

/** Keys below `marks/` or `proofs/` that are about a known point; what is about others says nothing here. */
const keysOf = async (store: Store, below: string, known: ReadonlySet<string>): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list(below)) if (known.has(pointIn(key, below))) keys.push(key);
  return keys;
};

const pointIn = (key: string, below: string): string => key.slice(below.length).split("/")[0] ?? "";

const readPoint = async (
  store: Store,
  { environment, trusted }: Repository,
  plan: string | undefined,
  at: ManifestKey,
): Promise<Bare | Unreadable | undefined> => {
  const { key, extraVersions } = at;
  const id = key.slice(CATALOG.length).replace(/\.json$/, "");
  if (!pointId.safeParse(id).success) return new Unreadable(key, "its name is not a recovery point's");
  const read = await readJson(store, at, signedManifest);
  if (!read || read instanceof Unreadable) return read;
  const { manifest, signature, copied } = read.value;
  // A signed manifest of another point, plan or environment, put here, would otherwise pass for one of this plan.
  if (manifest.id !== id) return new Unreadable(key, `it is the manifest of ${manifest.id}`);
  if (manifest.environment !== environment) return new Unreadable(key, `it is of environment ${manifest.environment}`);
  if (plan !== undefined && manifest.plan !== plan) return new Unreadable(key, `it is of plan ${manifest.plan}`);
  const outside = outsideOf(manifest);
  if (outside !== undefined) return new Unreadable(key, `it names ${outside}, which is not a key of this point`);
  return {
    id,
    manifest: copied ? manifestHere(manifest, copied) : manifest,
    signature: signatureState({ manifest: read.raw.manifest, signature }, trusted, "manifest"),
    extraVersions,
    ...(copied ? { copiedAt: copied.at } : {}),
    origin: { at, sha256: copied?.sha256 ?? read.sha256 },
    storedBytes: storedBytes(manifest.sources),
  };
};

/**
 * A manifest may name keys outside of its plan's prefix only as a layout names them for this very point: it could make
 * us read, and a prune remove, what is another plan's.
 */
const outsideOf = ({ id, sources }: Manifest): string | undefined =>
  sources.flatMap(({ artifacts }) => artifacts).find(({ below, key }) => below && !isLayoutKeyOf(id, key))?.key;

/** Of a snapshot, what it added: the rest is other points' as well. */
const readMark = async (store: Store, key: string): Promise<Mark | Unreadable | undefined> => {
  const read = await readJson(store, { key }, mark);
  if (!read || read instanceof Unreadable) return read;
  return misplaced(key, MARKS, read.value.point) ?? read.value;
};

const readProof = async (
  store: Store,
  { provers, trusted }: Repository,
  key: string,
): Promise<Proof | Unreadable | undefined> => {
  const read = await readJson(store, { key }, signedProof);
  if (!read || read instanceof Unreadable) return read;
  const { proof, signature } = read.value;
  const state = signatureState({ proof: read.raw.proof, signature }, provers ?? trusted, "proof");
  return misplaced(key, PROOFS, proof.point) ?? { proof, signature: state };
};

const misplaced = (key: string, below: string, point: string): Unreadable | undefined =>
  point === pointIn(key, below) ? undefined : new Unreadable(key, `it is about ${point}`);

const byTime = <T>(items: readonly T[], at: (item: T) => string): T[] =>
  [...items].sort((a, b) => Date.parse(at(a)) - Date.parse(at(b)));
