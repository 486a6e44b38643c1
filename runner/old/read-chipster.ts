import { pipeline as pump, type Readable, Transform } from "node:stream";
import { type Artifact, JobError, type OldObject } from "../../spec/index.ts";
import { LZ4, UNTAR, withGpg } from "../artifact/gpg.ts";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import { digestStream } from "../store/digest-stream.ts";
import { newestVersion } from "../store/newest-version.ts";
import type { Store } from "../store/store.ts";
import { type InfoLine, parseInfo } from "./chipster-info.ts";
import { sha512Layer } from "./sha512-layer.ts";
import { throwDamaged } from "./tar-members.ts";

/**
 * Reads a database's archive to its end: the encrypted file first, by its SHA-512, then what is in it, decrypted and
 * decompressed, by the other one.
 * @param read takes the dump as plain SQL, and what is known of the stored object
 * @throws JobError `corrupt` naming the file; `wrong-key`
 */
export const readChipster = async <T>(
  context: Context,
  root: Store,
  { key }: OldObject,
  identity: string | undefined,
  read: (script: Readable, artifact: () => Artifact) => Promise<T>,
): Promise<T> => {
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const lines = parseInfo((await root.get(key))?.body.toString() ?? "", key);
  const [line] = lines;
  if (!line || lines.length > 1)
    throw new JobError(
      "corrupt",
      `${key} names ${lines.length} files where one dump is expected`,
      "choose another archive",
    );
  const stored = await dataOf(root, folder, line);
  const versionId = await newestVersion(root, stored);
  const pinned = versionId === undefined ? {} : { versionId };
  const open = () => root.getStream(stored, { ...pinned, signal: context.signal });
  const found = await checkOuter(context, await open(), stored, line, root.name);
  const artifact = (): Artifact => ({
    role: "dump",
    key: stored,
    below: "repository",
    ...pinned,
    ...found,
    format: "sql",
    compression: "lz4",
    encryption: "gpg",
  });
  return withGpg(context, identity, async (decrypt) => {
    const results: T[] = [];
    await runPipeline(context, [...untar(stored), decrypt, LZ4], {
      input: await open(),
      output: async (stdout, succeeded) => {
        const layer = sha512Stream(line.size, line.sha512, `${line.path} in ${stored}`, succeeded);
        pump(stdout, layer, () => undefined);
        results.push(await read(layer, artifact));
      },
    });
    return results[0] as T;
  });
};

/** In a tar as it was uploaded, or unpacked as an archive server keeps it. */
const dataOf = async (root: Store, folder: string, { gpgPath }: InfoLine): Promise<string> => {
  const tars: string[] = [];
  for await (const { key } of root.list(folder)) {
    if (key === `${folder}${gpgPath}`) return key;
    if (key.endsWith(".tar")) tars.push(key);
  }
  const [tar] = tars;
  if (tar !== undefined && tars.length === 1) return tar;
  throw new JobError("corrupt", `${folder}${gpgPath} is not in ${root.name}`, "choose another archive");
};

/** What takes the one encrypted file out of what is stored. */
const untar = (stored: string) => (stored.endsWith(".tar") ? [UNTAR] : []);

/** @returns the size and SHA-256 of the stored object */
const checkOuter = async (context: Context, stream: Readable, stored: string, line: InfoLine, name: string) => {
  const digest: { bytes: number; sha256: string }[] = [];
  const whole = digestStream((found) => {
    digest.push(found);
    return undefined;
  });
  pump(stream, whole, () => undefined);
  const layer = sha512Stream(line.gpgSize, line.gpgSha512, `${line.gpgPath} in ${stored} of ${name}`);
  const read = async (source: Readable) => {
    pump(source, layer, () => undefined);
    for await (const _ of layer);
  };
  const stages = untar(stored);
  if (stages.length === 0) await read(whole);
  else await runPipeline(context, stages, { input: whole, output: read }).catch((error) => throwDamaged(stored, error));
  const [found] = digest;
  if (!found) throw new Error(`${stored} was not read to its end`);
  return found;
};

/**
 * Passes bytes on and, at their end, compares them with Chipster's own note of them.
 * @param succeeded what a program says of itself counts more than that its bytes are not all there
 */
const sha512Stream = (size: number, sha512: string, what: string, succeeded = Promise.resolve()): Transform => {
  const layer = sha512Layer(size, sha512, what);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      layer.add(chunk);
      done(null, chunk);
    },
    flush(done) {
      succeeded.then(() => done(layer.wrong() ?? null), done);
    },
  });
};
