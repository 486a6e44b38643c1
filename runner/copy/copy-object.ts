import { pipeline } from "node:stream";
import { JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { digestOf, digestStream } from "../store/digest-stream.ts";
import { newestVersion } from "../store/newest-version.ts";
import type { Store } from "../store/store.ts";

/** An object with the bytes that it must have. */
export interface NamedObject {
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly bytes: number;
  readonly sha256: string;
}

export interface CopiedObject {
  /** Of the copy, where its store keeps versions. */
  readonly versionId?: string;
  /** What was read and written now; 0 where a run that was killed had copied it. */
  readonly bytes: number;
}

/**
 * Copies one object under the same key. Its bytes are compared on the way, and nothing appears unless all of them are
 * what they must be. What is there already is read back and never replaced.
 * @throws JobError `corrupt` naming the object
 */
export const copyObject = async (
  context: Context,
  from: Store,
  to: Store,
  object: NamedObject,
): Promise<CopiedObject> => {
  const { key, versionId, bytes } = object;
  if ((await to.size(key)) !== undefined) return readBack(context, to, object);
  const source = await from.getStream(key, {
    ...(versionId === undefined ? {} : { versionId }),
    signal: context.signal,
  });
  const checked = digestStream((found) =>
    found.bytes === bytes && found.sha256 === object.sha256
      ? undefined
      : new JobError(
          "corrupt",
          `${key} in ${from.name} has ${found.bytes === bytes ? "another SHA-256" : `${found.bytes} bytes`} and not what it was stored with`,
          "look at that store, and whether its other copies are good (`restorable verify`); nothing of this point was published",
        ),
  );
  pipeline(source, checked, () => undefined); // each end ends the other; whoever writes sees the error
  const put = await to.putStream(key, checked, { signal: context.signal, estimate: bytes });
  return { bytes, ...(put.versionId === undefined ? {} : { versionId: put.versionId }) };
};

const readBack = async ({ signal }: Context, to: Store, { key, bytes, sha256 }: NamedObject): Promise<CopiedObject> => {
  const versionId = await newestVersion(to, key);
  const pinned = versionId === undefined ? {} : { versionId };
  const found = await digestOf(await to.getStream(key, { ...pinned, signal }));
  if (found.bytes === bytes && found.sha256 === sha256) return { bytes: 0, ...pinned };
  throw new JobError(
    "corrupt",
    `${key} lies in ${to.name} already, with other contents than the point has`,
    "it is not replaced: find out who wrote it; a prune of that repository removes what no point there names",
  );
};
