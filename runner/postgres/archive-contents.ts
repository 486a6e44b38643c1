/** One entry of the table of contents of a custom-format archive, as `pg_restore --list --verbose` writes it. */
export interface ArchiveEntry {
  readonly id: number;
  readonly kind: string;
  /** Kind, schema, name and owner, for people: line breaks in names are blanks. */
  readonly text: string;
  /** Entries that have to be restored before. */
  readonly needs: readonly number[];
}

/** Kinds of more than one word: the first of them that a text begins with is its kind. Every other kind is one word. */
const LONG_KINDS = [
  "TABLE DATA",
  "TABLE ATTACH",
  "MATERIALIZED VIEW DATA",
  "MATERIALIZED VIEW",
  "FK CONSTRAINT",
  "CHECK CONSTRAINT",
  "INDEX ATTACH",
  "SEQUENCE OWNED BY",
  "SEQUENCE SET",
  "ROW SECURITY",
  "SECURITY LABEL",
  "STATISTICS DATA",
  "FOREIGN TABLE",
  "PUBLICATION TABLE",
  "DEFAULT ACL",
  "EVENT TRIGGER",
  "SHELL TYPE",
];

/** Number, two numbers of the catalog, and the rest. In `pg_class` (1259) a table is a table, whatever its schema is called. */
const ENTRY = /^(\d+); (\d+) \d+ (.+)$/;
const NEEDS = /^;\s+depends on:((?: \d+)+)$/;
const CLASS = "1259";

export const parseContents = (listing: string): readonly ArchiveEntry[] => {
  const entries: ArchiveEntry[] = [];
  for (const line of listing.split("\n")) {
    const [, id, catalog, text] = ENTRY.exec(line) ?? [];
    if (id !== undefined && text !== undefined) {
      entries.push({ id: Number(id), kind: kindOf(text, catalog === CLASS), text: text.trimEnd(), needs: [] });
      continue;
    }
    const [, needs] = NEEDS.exec(line) ?? [];
    const last = entries.pop();
    if (last) entries.push(needs === undefined ? last : { ...last, needs: needs.trim().split(" ").map(Number) });
  }
  return entries;
};

const kindOf = (text: string, isRelation: boolean): string => {
  const [first = ""] = text.split(" ");
  if (isRelation && first === "TABLE") return first;
  return LONG_KINDS.find((kind) => text.startsWith(`${kind} `)) ?? first;
};
