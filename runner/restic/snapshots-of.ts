import type { CatalogPoint } from "../../spec/index.ts";

/** The ids of the snapshots that a point needs. */
export const snapshotsOf = ({ manifest }: Pick<CatalogPoint, "manifest">): readonly string[] =>
  manifest.sources.flatMap((entry) => (entry.kind === "files" && entry.snapshot ? [entry.snapshot.id] : []));
