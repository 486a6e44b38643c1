import { createHash } from "node:crypto";
import { JobError, type Manifest } from "../../spec/index.ts";
import type { Store } from "../store/store.ts";

/**
 * Reads the point's own key, which the recipients open: without it every artifact stays closed for ever.
 * @returns one sentence about what was read
 * @throws JobError `corrupt` when it is missing or is not the one that the manifest names
 */
export const verifyIdentity = async (store: Store, { identity }: Manifest): Promise<string> => {
  const { key, versionId, sha256, recipients } = identity;
  const got = await store.get(key, versionId);
  const hint = "choose another point or another copy: without its key this one cannot be opened";
  if (!got) throw new JobError("corrupt", `${key} is not in ${store.name}`, hint);
  if (createHash("sha256").update(got.body).digest("hex") !== sha256)
    throw new JobError("corrupt", `${key} in ${store.name} has another SHA-256 than the manifest says`, hint);
  return `the point's own key is there, for ${recipients.length} recipient(s)`;
};
