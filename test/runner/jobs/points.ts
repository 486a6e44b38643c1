import { createHash } from "node:crypto";
import path from "node:path";
import { sign } from "../../../runner/crypto/signature.ts";
import { openPlanStore } from "../../../runner/jobs/plan-store.ts";
import type { Store } from "../../../runner/store/store.ts";
import {
  type Artifact,
  identityKey,
  type Manifest,
  manifestKey,
  newPointId,
  pointTime,
  type SecretRef,
} from "../../../spec/index.ts";
import { testContext } from "../../support/test-context.ts";
import type { World } from "../world.ts";

/** Whoever has the secrets of a plan. */
export type Writer = Pick<World, "plan" | "secrets">;

const secretOf =
  ({ secrets }: Writer) =>
  (ref: SecretRef | undefined): string =>
    ref?.kind === "env" ? (secrets[ref.name] ?? "") : "";

/** The writer's plan in its repository, with the keys that may do everything. */
export const storeOf = (writer: Writer): Store => {
  const { repository, name } = writer.plan;
  return openPlanStore(testContext({ secret: secretOf(writer) }), repository, name, "pruner");
};

/** The file in which the server, or the directory, keeps the newest version of an object. */
export const fileOf = ({ plan, s3 }: World, key: string): string => {
  const { location } = plan.repository;
  const root = location.kind === "s3" ? path.join(s3.directory, "buckets", location.bucket) : location.path;
  return path.join(root, "prod", plan.name, key);
};

/** Every version of every object, with the digest of its content where it has one. Two stores are equal when these are. */
export async function everything(store: Store, below = ""): Promise<string[]> {
  const lines: string[] = [];
  for await (const { key, versionId, deleteMarker } of store.versions(below)) {
    const got = deleteMarker ? undefined : await store.get(key, versionId);
    lines.push(`${key} ${versionId} ${deleteMarker ? "marker" : sha256(got?.body ?? Buffer.alloc(0))}`);
  }
  return lines.sort();
}

export const keysBelow = async (store: Store, below: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.versions(below)) keys.push(key);
  return keys;
};

/** An id of so many days before now. */
export const idOf = (daysAgo: number, random = 1): string =>
  newPointId(new Date(Date.now() - daysAgo * 86_400_000), random);

/** Publishes a manifest as the writer would. */
export async function publish(writer: Writer, manifest: Manifest): Promise<void> {
  const signature = sign(secretOf(writer)(writer.plan.repository.signingKey), "manifest", manifest);
  await storeOf(writer).put(manifestKey(manifest.id), JSON.stringify({ manifest, signature }), { ifNoneMatch: "*" });
}

/** A whole point of its own under another id: its objects are copied, its manifest is signed anew. */
export async function copyPoint(
  writer: Writer,
  manifest: Manifest,
  id: string,
  change: (copy: Manifest) => Promise<Manifest> | Manifest = (copy) => copy,
): Promise<Manifest> {
  const store = storeOf(writer);
  const copied = async <T extends { readonly key: string; readonly versionId?: string | undefined }>(object: T) => {
    const { versionId: _, ...rest } = object;
    const key = object.key.replace(manifest.id, id);
    const got = await store.get(object.key, object.versionId);
    if (!got) throw new Error(`${object.key} is not there`);
    const put = await store.put(key, got.body);
    return { ...rest, key, ...(put.versionId === undefined ? {} : { versionId: put.versionId }) };
  };
  const sources = [];
  for (const entry of manifest.sources) {
    const artifacts: Artifact[] = [];
    for (const artifact of entry.artifacts) artifacts.push((await copied(artifact)) as Artifact);
    sources.push({ ...entry, artifacts });
  }
  const at = pointTime(id).toISOString();
  const copy = { ...manifest, id, started: at, finished: at, sources, identity: await copied(manifest.identity) };
  const changed = await change(copy as Manifest);
  await publish(writer, changed);
  return changed;
}

/** The same point with another content under one artifact, whose digest the manifest says: as if it had been written so. */
export async function withArtifact(
  writer: Writer,
  manifest: Manifest,
  role: Artifact["role"],
  body: Buffer,
): Promise<Manifest> {
  const store = storeOf(writer);
  const replaced = async (artifact: Artifact): Promise<Artifact> => {
    const { versionId: _, ...rest } = artifact;
    const put = await store.put(artifact.key, body);
    const version = put.versionId === undefined ? {} : { versionId: put.versionId };
    return { ...rest, ...version, bytes: body.length, sha256: sha256(body) };
  };
  const sources = [];
  for (const entry of manifest.sources) {
    const artifacts = [];
    for (const artifact of entry.artifacts)
      artifacts.push(artifact.role === role ? await replaced(artifact) : artifact);
    sources.push({ ...entry, artifacts });
  }
  return { ...manifest, sources } as Manifest;
}

export const artifactOf = ({ sources }: Manifest, role: Artifact["role"]): Artifact => {
  const found = sources.flatMap(({ artifacts }) => artifacts).find((artifact) => artifact.role === role);
  if (!found) throw new Error(`there is no ${role}`);
  return found;
};

export { identityKey };

export const sha256 = (body: Buffer): string => createHash("sha256").update(body).digest("hex");
