import { createHash } from "node:crypto";
import {
  type CatalogPoint,
  COPIES,
  type Copied,
  JobError,
  manifestKey,
  type ObjectsEntry,
  signedManifest,
  storedBytes,
} from "../../spec/index.ts";
import { copiedName } from "../catalog/copied-manifest.ts";
import type { Origin } from "../catalog/read-catalog.ts";
import type { Context } from "../context.ts";
import { readCopies } from "../objects/copy-list.ts";
import { inOrder } from "../objects/in-order.ts";
import { presentCopies } from "../objects/known-copies.ts";
import type { Lease } from "../store/lease.ts";
import { copyObject, type NamedObject } from "./copy-object.ts";
import type { Places } from "./places.ts";

/** Copies of objects on their way at the same time. */
const WIDTH = 8;

/**
 * Copies one point: everything that its manifest names, each byte compared with the manifest, and the manifest last.
 * Snapshots are copied before.
 * @returns bytes that were copied now
 * @throws JobError `corrupt` naming the object
 */
export const copyPoint = async (
  context: Context,
  { from, to }: Places,
  { manifest, id }: CatalogPoint,
  origin: Origin,
  lease: Lease,
): Promise<number> => {
  const signed = await readOrigin(from.store.get(manifestKey(id), origin.at.versionId), id, origin);
  const versions: Record<string, string> = {};
  let bytes = 0;
  const total = storedBytes(manifest.sources);
  const take = async (object: NamedObject & { readonly below?: "repository" | undefined }): Promise<void> => {
    const place = object.below ? "root" : "store";
    const put = await copyObject(context, from[place], to[place], object);
    if (put.versionId !== undefined) versions[copiedName(object)] = put.versionId;
    bytes += put.bytes;
    context.report.progress("copy", `copying ${id}`, bytes, total);
  };
  for (const entry of manifest.sources) {
    if (entry.kind === "objects" && entry.copies) {
      bytes += await copyCopies(context, { from, to }, entry.copies);
      await take(entry.copies);
    }
    for (const artifact of entry.artifacts) await take(artifact);
  }
  await take(manifest.identity);
  await lease.check();
  const copied: Copied = {
    at: context.now().toISOString(),
    by: `copy on ${context.holder.host}`,
    sha256: origin.sha256,
    versions,
  };
  await to.store.put(manifestKey(id), `${JSON.stringify({ ...signed, copied }, undefined, 2)}\n`, { ifNoneMatch: "*" });
  return bytes;
};

/** The manifest with its signature, as it was written: read again, and the same as the one that was judged. */
const readOrigin = async (
  got: Promise<{ readonly body: Buffer } | undefined>,
  id: string,
  { sha256 }: Origin,
): Promise<object> => {
  const body = (await got)?.body.toString() ?? "{}";
  const { copied, ...signed } = JSON.parse(body);
  const read = signedManifest.safeParse({ ...signed, copied });
  const found = read.data?.copied?.sha256 ?? createHash("sha256").update(body).digest("hex");
  if (read.success && found === sha256) return signed;
  throw new JobError(
    "corrupt",
    `the manifest of ${id} is another one than a moment ago`,
    "find out who writes there; nothing of this point was published",
  );
};

/** What earlier points have copied is there already, and was compared then. */
const copyCopies = async (
  context: Context,
  { from, to }: Places,
  list: NonNullable<ObjectsEntry["copies"]>,
): Promise<number> => {
  const present = new Set<string>();
  for await (const { key } of presentCopies(to.store)) present.add(key);
  const copies = inOrder(WIDTH, readCopies(context, from.store, list), async (copy) => {
    if (!copy.stored.startsWith(COPIES)) throw outside(copy.stored);
    if (present.has(copy.stored)) return 0;
    const { bytes } = await copyObject(context, from.store, to.store, { ...copy, key: copy.stored });
    return bytes;
  });
  let total = 0;
  for await (const bytes of copies) total += bytes;
  return total;
};

const outside = (key: string): JobError =>
  new JobError("corrupt", `a list of copies names ${key}, which is no copy's`, "quarantine the point there");
