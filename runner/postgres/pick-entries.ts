import type { ArchiveEntry } from "./archive-contents.ts";

/** What belongs to a table and is of no use without it. */
const PARTS = new Set([
  "TABLE DATA",
  "TABLE ATTACH",
  "DEFAULT",
  "CONSTRAINT",
  "CHECK CONSTRAINT",
  "FK CONSTRAINT",
  "INDEX",
  "INDEX ATTACH",
  "TRIGGER",
  "RULE",
  "POLICY",
  "ROW SECURITY",
  "STATISTICS",
  "STATISTICS DATA",
  "SEQUENCE",
  "SEQUENCE OWNED BY",
  "SEQUENCE SET",
  "COMMENT",
  "ACL",
  "SECURITY LABEL",
]);

export interface PickedEntries {
  /** Numbers of what is restored, in the archive's own order. */
  readonly ids: readonly number[];
  /** What refers to the tables and is not restored, because it needs what was not picked as well. */
  readonly leftOut: readonly ArchiveEntry[];
  /** The extensions that are created. */
  readonly extensions: readonly string[];
}

/**
 * Chooses what of an archive restores some tables: their definitions, all that those need (schemas, types, functions,
 * extensions, the definition of a parent), their rows, and their defaults, sequences, constraints, indexes, triggers,
 * comments and grants, as far as each needs no table that was not picked. Pure.
 */
export const pickEntries = (entries: readonly ArchiveEntry[], tables: readonly number[]): PickedEntries => {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const needsOf = (id: number, seen = new Set<number>()): ReadonlySet<number> => {
    for (const need of byId.get(id)?.needs ?? []) {
      if (seen.has(need)) continue;
      seen.add(need);
      needsOf(need, seen);
    }
    return seen;
  };
  const taken = new Set<number>(tables.flatMap((id) => [id, ...needsOf(id)]));
  // A parent's definition alone is needed: what else there is to it stays behind.
  const onlyDefined = (id: number): boolean => byId.get(id)?.kind === "TABLE" && !tables.includes(id);
  const belongs = ({ needs }: ArchiveEntry): boolean => needs.some((need) => taken.has(need) && !onlyDefined(need));
  const isSelfContained = ({ id }: ArchiveEntry): boolean =>
    [...needsOf(id)].every((need) => byId.get(need)?.kind !== "TABLE" || taken.has(need));
  // A comment of a sequence of a column: each round may take what the next one's entries belong to.
  for (let before = -1; before !== taken.size; ) {
    before = taken.size;
    for (const entry of entries) {
      if (taken.has(entry.id) || !PARTS.has(entry.kind) || !belongs(entry) || !isSelfContained(entry)) continue;
      for (const id of [entry.id, ...needsOf(entry.id)]) taken.add(id);
    }
  }
  const restored = entries.filter(({ id }) => taken.has(id));
  return {
    ids: restored.map(({ id }) => id),
    leftOut: entries.filter(({ id, needs }) => !taken.has(id) && needs.some((need) => tables.includes(need))),
    extensions: restored.flatMap(({ kind, text }) => (kind === "EXTENSION" ? [text.split(" ")[2] ?? ""] : [])),
  };
};
