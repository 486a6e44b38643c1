import { readdir } from "node:fs/promises";
import path from "node:path";
import type { FilesSource, ObjectsSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { OWN_INSIDE } from "../files/names.ts";
import { listMedia } from "../objects/list-media.ts";
import { mediaBucket } from "../objects/media-bucket.ts";
import { compareBytes } from "./compare-sorted.ts";

/** Everything that is there, relative to its source, in the order of its bytes. */
export async function* presentKeys(
  context: Context,
  source: FilesSource | ObjectsSource,
): AsyncGenerator<string, void, undefined> {
  if (source.kind === "files") return yield* filesBelow(context, source.directory, "");
  for await (const { key, bytes } of listMedia(mediaBucket(context, source, source.credentials), context.signal)) {
    if (!(key.endsWith("/") && bytes === 0)) yield key; // what some programs make to show an empty folder
  }
}

/** Directories are sorted as if their names ended with a slash: then the paths come in the order of their bytes. */
async function* filesBelow(context: Context, root: string, below: string): AsyncGenerator<string, void, undefined> {
  context.signal.throwIfAborted();
  const entries = (await readdir(path.join(root, below), { withFileTypes: true }))
    .filter((entry) => below !== "" || !OWN_INSIDE.test(entry.name))
    .map((entry) => ({ name: entry.isDirectory() ? `${entry.name}/` : entry.name, isDirectory: entry.isDirectory() }))
    .sort((a, b) => compareBytes(a.name, b.name));
  for (const { name, isDirectory } of entries) {
    if (isDirectory) yield* filesBelow(context, root, below + name);
    else yield below + name;
  }
}
