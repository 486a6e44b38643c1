import { pipeline, type Readable, type Transform } from "node:stream";
import { finished } from "node:stream/promises";
import { type Artifact, JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { type PipelineOptions, runPipeline } from "../process/pipeline.ts";
import { digestStream } from "../store/digest-stream.ts";
import type { Store } from "../store/store.ts";
import { LZ4, UNTAR, withGpg } from "./gpg.ts";

/** Where an artifact is read from, and the key that opens it. */
export interface ArtifactSource {
  readonly store: Store;
  /** The root of the repository, for artifacts that a compatible layout put there. */
  readonly root?: Store;
  /** The point's own age identity; without it the artifact is only read and its digest compared. */
  readonly identity?: string;
}

/** One that can open what is encrypted. */
export type OpenedSource = ArtifactSource & { readonly identity: string };

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
  source: ArtifactSource,
  artifact: Artifact,
  consumers: readonly Invocation[] = [],
  options: { readonly output?: NonNullable<PipelineOptions["output"]>; readonly onBytes?: OnBytes } = {},
): Promise<void> => {
  const { key, versionId, encryption, compression } = artifact;
  const { identity } = source;
  const store = storeOf(source, artifact);
  const stored = await store.getStream(key, {
    ...(versionId === undefined ? {} : { versionId }),
    signal: context.signal,
  });
  const digest = digesting(artifact, store.name, options.onBytes);
  pipeline(stored, digest, () => undefined); // each end ends the other; whoever reads the digest sees the error
  if (encryption === "age" && identity === undefined) return discard(digest);
  if (encryption === "gpg")
    return withGpg(context, identity, async (opened) => {
      const inside = key.endsWith(".tar") ? [UNTAR] : [];
      await runPipeline(context, [...inside, opened, LZ4, ...consumers], {
        input: digest,
        ...(options.output ? { output: options.output } : consumers.length === 0 ? { output: discard } : {}),
      });
    });
  const stages = [
    ...(encryption === "age" && identity !== undefined ? [decrypt(identity)] : []),
    ...(compression === "zstd" ? [decompress] : []),
    ...consumers,
  ];
  if (stages.length === 0) return takeRaw(digest, options.output ?? discard);
  await runPipeline(context, stages, {
    input: digest,
    ...(options.output ? { output: options.output } : consumers.length === 0 ? { output: discard } : {}),
  });
};

/** The store that an artifact's key is in. */
export const storeOf = ({ store, root }: Omit<ArtifactSource, "identity">, { below }: Artifact): Store => {
  if (below === undefined) return store;
  if (root) return root;
  throw new Error("an artifact below the repository's root, and nobody opened that");
};

/** Nothing has to be undone to it, so there is no process, only its digest. */
const takeRaw = async (digest: Transform, output: NonNullable<PipelineOptions["output"]>): Promise<void> => {
  const whole = finished(digest, { readable: false });
  whole.catch(() => undefined); // the reader says it
  try {
    await output(digest, whole);
  } finally {
    digest.destroy();
  }
};

const discard = async (stdout: Readable): Promise<void> => {
  for await (const _ of stdout);
};

/** Passes bytes on and, at their end, compares them with the manifest: so a flipped bit fails the whole pipeline. */
const digesting = ({ key, bytes, sha256 }: Artifact, storeName: string, onBytes?: OnBytes): Transform =>
  digestStream((found) => {
    if (found.bytes !== bytes) return corrupt(key, storeName, `${found.bytes} bytes where the manifest says ${bytes}`);
    return found.sha256 === sha256 ? undefined : corrupt(key, storeName, "another SHA-256 than the manifest says");
  }, onBytes);

const corrupt = (key: string, storeName: string, what: string): JobError =>
  new JobError(
    "corrupt",
    `${key} in ${storeName} has ${what}`,
    "this point cannot be restored from this copy: choose another point (`restorable list`) or another copy, and keep this one for inspection",
  );
