import { createHash } from "node:crypto";
import { identityKey, type Manifest } from "../../spec/index.ts";
import { newPointIdentity } from "../crypto/point-identity.ts";
import type { Store } from "../store/store.ts";

/** Makes the point's own age identity and stores it, encrypted to the plan's recipients. It is nowhere else. */
export const storeIdentity = async (
  store: Store,
  point: string,
  recipients: readonly string[],
): Promise<Manifest["identity"]> => {
  const { recipient, wrapped } = await newPointIdentity(recipients);
  const key = identityKey(point);
  const body = Buffer.from(wrapped);
  const { versionId } = await store.put(key, body, { ifNoneMatch: "*" });
  return {
    key,
    ...(versionId === undefined ? {} : { versionId }),
    recipient,
    recipients: [...recipients],
    bytes: body.length,
    sha256: createHash("sha256").update(body).digest("hex"),
  };
};
