// Run as another user by a test: stores a tree of that user's, swaps the copy in, and removes what it superseded.
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { extractInto } from "../../../runner/files/extract-beside.ts";
import { inspectTarget } from "../../../runner/files/inspect-directory.ts";
import { removeSuperseded } from "../../../runner/files/remove-tree.ts";
import { swapDirectory } from "../../../runner/files/swap-directories.ts";
import { testContext } from "../../support/test-context.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { readInto } from "./file-store.ts";
import { load, store } from "./round-trip.ts";
import { makeShapes } from "./shapes.ts";

const [top = ""] = process.argv.slice(2);
const context = testContext();
const live = path.join(top, "data");
await mkdir(live, { mode: 0o750 });
await makeShapes(live);
await mkdir(path.join(live, "unwritable"));
await writeFile(path.join(live, "unwritable", "file"), "x");
await chmod(path.join(live, "unwritable"), 0o555);
await chmod(live, 0o555);
const before = await treeDigest(live);
const entry = await store(context, live);
const { names, form, notes } = await inspectTarget(live, "one", new Date("2026-11-21T01:00:00Z"));
await load(context, names, entry);
await swapDirectory(context, names);
const after = await treeDigest(live);
await removeSuperseded(context, names);
const devices = path.join(top, "devices");
await mkdir(devices);
const refused = await readInto(context, path.join(top, "device.tar"), extractInto(devices).invocation).catch(
  (error) => error,
);
const left = await readdir(top);
console.log(
  JSON.stringify({ form, notes, left, equal: JSON.stringify(before) === JSON.stringify(after), code: refused?.code }),
);
