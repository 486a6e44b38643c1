import type { CatalogPoint, Check, ObjectsSource } from "../../spec/index.ts";
import type { ArtifactSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { asCheck } from "./as-check.ts";
import { verifyCopies, verifyVersions } from "./verify-copies.ts";
import { verifyIdentity } from "./verify-identity.ts";

/** What can be said of a point before its artifacts are read: its signature, and the key that opens it. */
export const outerChecks = async ({ store }: ArtifactSource, point: CatalogPoint): Promise<Check[]> => [
  signatureCheck(point),
  await asCheck(point.manifest.identity.key, () => verifyIdentity(store, point.manifest)),
];

const signatureCheck = ({ signature }: CatalogPoint): Check => ({
  name: "signature",
  ok: signature === "valid",
  detail:
    signature === "valid" ? "the manifest is signed by a trusted key" : `the manifest's signature is '${signature}'`,
});

/** Reads back the objects of a bucket; versions in the bucket itself only where the plan says how to reach it. */
export const objectChecks = async (
  context: Context,
  { store, identity }: ArtifactSource,
  { manifest }: CatalogPoint,
  objects: readonly ObjectsSource[] = [],
): Promise<Check[]> => {
  const checks: Check[] = [];
  for (const entry of manifest.sources) {
    if (entry.kind !== "objects") continue;
    const source = objects.find(({ name }) => name === entry.name);
    checks.push(await asCheck(`copies of ${entry.name}`, () => verifyCopies(context, store, entry)));
    if (entry.store === "copy" || !source || identity === undefined) continue;
    const work = () => verifyVersions(context, { store, identity }, entry, source);
    checks.push(await asCheck(`versions of ${entry.name}`, work));
  }
  return checks;
};
