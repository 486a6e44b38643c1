import type { Copied, Entry, Manifest } from "../../spec/index.ts";

/** What a manifest names in a store. */
interface Named {
  readonly key: string;
  readonly below?: "repository" | undefined;
  readonly versionId?: string | undefined;
}

/** How the versions of a copy are named: one key may lie both in the plan's part and at the repository's root. */
export const copiedName = ({ key, below }: Pick<Named, "key" | "below">): string => (below ? `/${key}` : key);

/**
 * A copied manifest as this store has it: the versions that it names are another store's. Never what is signed, and
 * never what is written.
 */
export const manifestHere = (manifest: Manifest, { versions }: Copied): Manifest => {
  const here = <T extends Named>({ versionId: _, ...named }: T): T => {
    const versionId = versions[copiedName(named)];
    return { ...named, ...(versionId === undefined ? {} : { versionId }) } as T;
  };
  const entryHere = (entry: Entry): Entry => ({
    ...entry,
    artifacts: entry.artifacts.map(here),
    ...(entry.kind === "objects" && entry.copies
      ? { copies: { ...here(entry.copies), elsewhere: true as const } }
      : {}),
  });
  return { ...manifest, identity: here(manifest.identity), sources: manifest.sources.map(entryHere) };
};
