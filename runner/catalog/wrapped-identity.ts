import { createHash } from "node:crypto";
import { type CatalogPoint, JobError } from "../../spec/index.ts";
import type { Store } from "../store/store.ts";

/**
 * A point's own key in its envelope.
 * @throws JobError `corrupt` when it is missing or another one than the manifest names
 */
export const wrappedIdentity = async (store: Store, { manifest: { identity, id } }: CatalogPoint): Promise<Buffer> => {
  const got = await store.get(identity.key, identity.versionId);
  if (got && createHash("sha256").update(got.body).digest("hex") === identity.sha256) return got.body;
  const what = got ? "is not the one that the manifest names" : "is missing";
  throw new JobError(
    "corrupt",
    `the key of point ${id} (${identity.key} in ${store.name}) ${what}`,
    "choose another point or another copy; without this key the point cannot be opened",
  );
};
