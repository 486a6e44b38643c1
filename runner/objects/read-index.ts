import { type IndexedObject, indexedObject, JobError, type ObjectsEntry } from "../../spec/index.ts";
import { loadArtifact, type OpenedSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { copiesHere } from "./copies-here.ts";
import { inOrder } from "./in-order.ts";
import { parseLines } from "./ndjson.ts";

/** Objects on their way at the same time. */
const WIDTH = 16;

/**
 * Does the same with every object of a point's index, several at a time; needs the point's key.
 * @throws JobError `corrupt`; `counts-differ` when the index is not as long as the manifest says
 */
export const eachIndexed = async (
  context: Context,
  source: OpenedSource,
  { artifacts, copies, counts, name }: ObjectsEntry,
  work: (object: IndexedObject) => Promise<void>,
): Promise<void> => {
  const artifact = artifacts.find(({ role }) => role === "index");
  if (!artifact) throw new JobError("corrupt", `the point holds no index of '${name}'`, "choose another point");
  const here = await copiesHere(source.store, copies);
  const found = { objects: 0, bytes: 0 };
  await loadArtifact(context, source, artifact, [], {
    output: async (stdout) => {
      const objects = parseLines(stdout as AsyncIterable<Buffer>, indexedObject, artifact.key);
      const done = inOrder(WIDTH, objects, async (object) => {
        found.objects += 1;
        found.bytes += object.bytes;
        await work("stored" in object.at ? { ...object, at: here(object.at) } : object);
      });
      for await (const _ of done);
    },
  });
  if (found.objects === counts.objects && found.bytes === counts.bytes) return;
  const fact = `${artifact.key} names ${found.objects} objects of ${found.bytes} bytes where the manifest says ${counts.objects} of ${counts.bytes}`;
  throw new JobError("counts-differ", fact, "choose another point");
};
