import { createHash } from "node:crypto";
import { pipeline, Transform } from "node:stream";
import { type Artifact, JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { type PipelineOptions, runPipeline } from "../process/pipeline.ts";
import type { Store } from "../store/store.ts";

/** Where an artifact is read from, and the key that opens it. */
export interface ArtifactSource {
  readonly store: Store;
  /** The point's own age identity; without it the artifact is only read and its digest compared. */
  readonly identity?: string;
}

const decrypt = (identity: string): Invocation => ({
  file: "age",
  args: ["--decrypt", "--identity", "/dev/fd/3"],
  inputs: [`${identity}\n`],
  explain: (_exit, stderr) =>
    /no identity matched/.test(stderr)
      ? new JobError(
          "wrong-key",
          "the point's key does not open this artifact",
          "this is not the key of this point; fetch it again",
        )
      : undefined,
});

const decompress: Invocation = { file: "zstd", args: ["--decompress", "--quiet", "--stdout", "--long=31"] };

/** Says how far a read is, over several artifacts. */
export type OnBytes = (total: number) => void;

/**
 * Reads one artifact completely: digest and length against the manifest, and, with the identity, through `age` and
 * `zstd` into `consumers` (or nowhere).
 * @throws JobError `corrupt` naming the key; `wrong-key`; what a consumer says
 */
export const loadArtifact = async (
  context: Context,
  { store, identity }: ArtifactSource,
  artifact: Artifact,
  consumers: readonly Invocation[] = [],
  options: { readonly output?: NonNullable<PipelineOptions["output"]>; readonly onBytes?: OnBytes } = {},
): Promise<void> => {
  const { key, versionId } = artifact;
  const source = await store.getStream(key, {
    ...(versionId === undefined ? {} : { versionId }),
    signal: context.signal,
  });
  const digest = digesting(artifact, store.name, options.onBytes);
  pipeline(source, digest, () => undefined); // each end ends the other; whoever reads the digest sees the error
  if (identity === undefined) {
    for await (const _ of digest);
    return;
  }
  await runPipeline(context, [decrypt(identity), decompress, ...consumers], {
    input: digest,
    ...(options.output ? { output: options.output } : consumers.length === 0 ? { output: discard } : {}),
  });
};

const discard: NonNullable<PipelineOptions["output"]> = async (stdout) => {
  for await (const _ of stdout);
};

/** Passes bytes on and, at their end, compares them with the manifest: so a flipped bit fails the whole pipeline. */
const digesting = ({ key, bytes, sha256 }: Artifact, storeName: string, onBytes?: OnBytes): Transform => {
  const hash = createHash("sha256");
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      total += chunk.length;
      onBytes?.(total);
      done(null, chunk);
    },
    flush(done) {
      const found = hash.digest("hex");
      const what =
        total !== bytes
          ? `${total} bytes where the manifest says ${bytes}`
          : found !== sha256
            ? "another SHA-256 than the manifest says"
            : undefined;
      done(what === undefined ? null : corrupt(key, storeName, what));
    },
  });
};

const corrupt = (key: string, storeName: string, what: string): JobError =>
  new JobError(
    "corrupt",
    `${key} in ${storeName} has ${what}`,
    "this point cannot be restored from this copy: choose another point (`restorable list`) or another copy, and keep this one for inspection",
  );
