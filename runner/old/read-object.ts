import { createHash } from "node:crypto";
import { pipeline as pump, type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Artifact, type FilesEntry, JobError, type OldObject, type PostgresEntry } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { listArchive } from "../files/list-archive.ts";
import { findPrograms, leastPgRestore } from "../postgres/clients.ts";
import { runPipeline } from "../process/pipeline.ts";
import { checkedScript } from "../sql/checked-script.ts";
import { newestVersion } from "../store/newest-version.ts";
import type { Store } from "../store/store.ts";
import { readChipsterTree } from "./chipster-tree.ts";
import { readChipster } from "./read-chipster.ts";

/** What an old object holds, as far as reading all of it says. */
export interface OldContent {
  readonly entry: PostgresEntry | FilesEntry;
  /** Roles that a dump names as owners and grantees: nothing else says which it needs. */
  readonly roles: ReadonlySet<string>;
}

/**
 * Reads an old object to its last byte, and so finds out whether it is whole and what is in it: a script line by line,
 * an archive through `pg_restore`, a tree through `tar`. The bytes are pinned by their digest for the reads that follow.
 * @param identity the private key, where the object is encrypted
 * @throws JobError `corrupt` for one that is not whole, or that holds what its format never does
 */
export const readOldObject = async (
  context: Context,
  root: Store,
  object: OldObject,
  identity?: string,
): Promise<OldContent> => {
  if (object.encryption && object.kind === "files")
    return { entry: await readChipsterTree(context, root, object, identity), roles: new Set() };
  if (object.encryption)
    return readChipster(context, root, object, identity, (script, artifact) =>
      readDump(context, object, script, artifact),
    );
  const versionId = await newestVersion(root, object.key);
  const pinned = versionId === undefined ? {} : { versionId };
  const digest = digesting();
  pump(await root.getStream(object.key, { ...pinned, signal: context.signal }), digest.stream, () => undefined);
  const artifact = (): Artifact => ({
    role: object.kind === "files" ? "files" : "dump",
    key: object.key,
    below: "repository",
    ...pinned,
    ...digest.found(),
    format: object.format,
    compression: "none",
    encryption: "none",
  });
  const notWhole = (why: string, cause?: Error) =>
    new JobError(
      "corrupt",
      `${object.key} in ${root.name} is not whole: ${why}`,
      "choose another one (`restorable list`); nothing was changed",
      { cause },
    );
  try {
    const content = await (object.kind === "files" ? readTree : readDump)(context, object, digest.stream, artifact);
    const [read] = content.entry.artifacts;
    if (read?.bytes === object.bytes) return content;
    throw notWhole(`its contents end after ${read?.bytes} of ${object.bytes} bytes`);
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== "process-failed") throw error;
    throw notWhole(error.fact, error);
  } finally {
    digest.stream.destroy();
  }
};

const digesting = () => {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, found: () => ({ bytes, sha256: hash.digest("hex") }) };
};

const readTree = async (
  context: Context,
  { key, time }: OldObject,
  stream: Readable,
  artifact: () => Artifact,
): Promise<OldContent> => {
  const listing = listArchive();
  await runPipeline(context, [listing.invocation], { input: stream });
  const instant = `${time}Z`;
  const entry: FilesEntry = {
    kind: "files",
    name: "old",
    directory: key,
    started: instant,
    finished: instant,
    counts: listing.counts(),
    changed: [],
    artifacts: [artifact()],
  };
  return { entry, roles: new Set() };
};

const readDump = async (
  context: Context,
  object: OldObject,
  stream: Readable,
  artifact: () => Artifact,
): Promise<OldContent> => {
  const checked = checkedScript({ major: Number.POSITIVE_INFINITY, superuser: true });
  const header = headOf();
  let databaseBytes = 0;
  const read = (script: Readable) =>
    pipeline(script, header.stream, checked.stream, async (lines: AsyncIterable<Buffer>) => {
      for await (const chunk of lines) databaseBytes += chunk.length;
    });
  if (object.format === "sql") await read(stream);
  else await runPipeline(context, [await anyPgRestore(context)], { input: stream, output: (stdout) => read(stdout) });
  const facts = versionsIn(header.text());
  const entry: PostgresEntry = {
    kind: "postgres",
    name: "old",
    host: object.host ?? "",
    port: 5432,
    database: object.key,
    server: { version: facts.server, major: Number.parseInt(facts.server, 10) || 0 },
    leastPgRestore: object.format === "sql" ? 0 : leastPgRestore(Number.parseInt(facts.pgDump, 10) || 0),
    extensions: [...checked.extensions()],
    encoding: "UTF8",
    settings: {},
    snapshot: { at: `${object.time}Z`, lsn: "0/0" },
    databaseBytes,
    counts: [],
    countedBy: "stream",
    rows: 0,
    largeObjects: 0,
    artifacts: [artifact()],
  };
  return { entry, roles: checked.roles() };
};

/** The newest one reads every older archive. */
const anyPgRestore = async (context: Context) => {
  const [newest] = await findPrograms(context, "pg_restore");
  if (newest) return { file: newest.file, args: ["--file=-"] };
  throw new JobError("missing-tool", "no pg_restore is on this machine", "install PostgreSQL's client programs");
};

/** The first lines, where `pg_dump` and `pg_restore` say which versions they know of. */
const headOf = () => {
  let text = "";
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (text.length < 4096) text += chunk.toString("latin1", 0, 4096);
      done(null, chunk);
    },
  });
  return { stream, text: () => text };
};

const versionsIn = (text: string): { server: string; pgDump: string } => ({
  server: /^-- Dumped from database version (\S+)/m.exec(text)?.[1] ?? "unknown",
  pgDump: /^-- Dumped by pg_dump version (\S+)/m.exec(text)?.[1] ?? "",
});
