import type { CatalogPoint, StoredCopy } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Store } from "../store/store.ts";
import { readCopies } from "./copy-list.ts";

/** Every copy that some points name; one that several name comes several times. */
export async function* namedCopies(
  context: Context,
  store: Store,
  points: readonly CatalogPoint[],
): AsyncGenerator<StoredCopy, void, undefined> {
  for (const { manifest } of points) {
    for (const entry of manifest.sources)
      if (entry.kind === "objects" && entry.copies) yield* readCopies(context, store, entry.copies);
  }
}
