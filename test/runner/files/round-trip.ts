import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { Context } from "../../../runner/context.ts";
import { type Extraction, extractBeside } from "../../../runner/files/extract-beside.ts";
import { besideTree, type SwapNames } from "../../../runner/files/names.ts";
import { storeFiles } from "../../../runner/files/store-files.ts";
import { type FilesEntry, filesSource } from "../../../spec/index.ts";
import { fileStore, readInto } from "./file-store.ts";

/** Stores `directory` beside itself. */
export async function store(context: Context, directory: string): Promise<FilesEntry> {
  const stored = `${directory}-stored`;
  await mkdir(stored, { recursive: true });
  const source = filesSource.parse({ kind: "files", name: "uploads", directory, allowEmpty: true });
  return storeFiles(context, source, fileStore(context, stored));
}

/** Unpacks what was stored, beside the live directory of a swap. */
export async function load(context: Context, names: SwapNames, entry: FilesEntry): Promise<Extraction> {
  const extraction = await extractBeside(names);
  await readInto(context, entry.artifacts[0]?.key ?? "", extraction.invocation);
  return extraction;
}

/** Stores a directory and unpacks it beside another name; says where the tree is. */
export async function roundTrip(
  context: Context,
  directory: string,
): Promise<{ tree: string; entry: FilesEntry; extraction: Extraction }> {
  const live = path.join(path.dirname(directory), "restored");
  const names = { live, beside: `${live}_new_one`, superseded: `${live}_org_20261121T010000Z`, existed: false };
  const entry = await store(context, directory);
  const extraction = await load(context, names, entry);
  return { tree: besideTree(names), entry, extraction };
}
