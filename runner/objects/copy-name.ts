import { createHash } from "node:crypto";
import type { ListedObject } from "./list-media.ts";

/**
 * The name of an object's copy: the same one as long as key, bytes, etag and time of change are the same. The time is in
 * it because headers change without the etag; a store without etags is told apart by it, too.
 */
export const copyName = ({ key, bytes, etag, modified }: ListedObject): string =>
  createHash("sha256")
    .update([key, String(bytes), etag, modified.toISOString()].join("\0"))
    .digest("hex")
    .slice(0, 40);
