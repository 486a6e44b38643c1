import { pipeline, Transform } from "node:stream";
import type { Artifact, Manifest } from "../../spec/index.ts";
import type { OpenedSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import type { Store } from "../store/store.ts";

/** One artifact of a point, by chance: each has its turn, in the end. */
export const chooseArtifact = ({ random }: Context, { sources }: Manifest): Artifact => {
  const artifacts = sources.flatMap((entry) => entry.artifacts);
  return artifacts[random(artifacts.length)] as Artifact;
};

/** The same source, but that one bit in the middle of one artifact is another one: on the way, never in the store. */
export const corrupting = (source: OpenedSource, { key, bytes, below }: Artifact): OpenedSource => {
  const changed = (store: Store): Store => ({
    ...store,
    getStream: async (wanted, options) => {
      const stream = await store.getStream(wanted, options);
      if (wanted !== key) return stream;
      return pipeline(stream, flipAt(Math.floor(bytes / 2)), () => undefined); // each end ends the other
    },
  });
  return below === "repository" && source.root
    ? { ...source, root: changed(source.root) }
    : { ...source, store: changed(source.store) };
};

const flipAt = (place: number): Transform => {
  let passed = 0;
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      const at = place - passed;
      passed += chunk.length;
      if (at < 0 || at >= chunk.length) return done(null, chunk);
      const other = Buffer.from(chunk);
      other[at] = (other[at] ?? 0) ^ 1;
      return done(null, other);
    },
  });
};
