import type { Entry, Flag, Manifest } from "../../spec/index.ts";

/** Flags a source that holds far less than it did in the point before: a sign of loss at the source, not of a good backup. */
export const shrinkFlags = (
  entries: readonly Entry[],
  previous: Manifest | undefined,
  below: number,
): readonly Flag[] =>
  entries.flatMap((entry) => {
    const before = previous?.sources.find(({ name, kind }) => name === entry.name && kind === entry.kind);
    if (!before) return [];
    return measures(entry).flatMap(({ what, value }, index) => {
      const old = measures(before)[index]?.value ?? 0;
      if (value >= old * below) return [];
      return [
        {
          code: "shrunk" as const,
          fact: `source '${entry.name}' has ${value} ${what} where the point before had ${old}`,
        },
      ];
    });
  });

const measures = (entry: Entry): readonly { what: string; value: number }[] => {
  switch (entry.kind) {
    case "postgres":
      return [
        { what: "rows", value: entry.rows },
        { what: "stored bytes", value: stored(entry) },
      ];
    case "files":
      return [
        { what: "files", value: entry.counts.files },
        { what: "bytes", value: entry.counts.bytes },
      ];
    case "objects":
      return [
        { what: "objects", value: entry.counts.objects },
        { what: "bytes", value: entry.counts.bytes },
      ];
  }
};

const stored = ({ artifacts }: Entry): number =>
  artifacts.filter(({ role }) => role !== "globals").reduce((sum, { bytes }) => sum + bytes, 0);
