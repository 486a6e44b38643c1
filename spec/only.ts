import { z } from "zod";
import { copyRowsCommand, parseTableName, type TableName } from "./table-name.ts";

/** They are arguments of programs; whoever wants more takes the directory that holds them. */
const MOST = 100;

const pickedPath = z
  .string()
  .min(1)
  .max(4095)
  .refine((path) => !path.startsWith("/"), "expected a path relative to the source's directory, not an absolute one")
  .refine(
    (path) => path.startsWith("/") || path.split("/").every((part) => !["", ".", ".."].includes(part)),
    "expected a path without '.', '..', '//' and without a slash at its end",
  )
  .refine((path) => !path.includes("\0"), "a path cannot hold a NUL byte");

const pickedTable = z
  .string()
  .refine(
    (text) => parseTableName(text) !== undefined,
    'expected a table as schema.table, or table alone in the schema public; a part that holds a dot or a quote stands in double quotes, as "my.table"',
  );

/** What of one source is restored: exactly one key. */
export const only = z
  .strictObject({
    /**
     * Files and directories, relative to the source's directory and exactly as they are called there; no character is a
     * pattern. A directory takes all that is in it.
     */
    paths: z.array(pickedPath).min(1).max(MOST).optional(),
    /** Tables as `schema.table`, or `table` alone in the schema `public`; a part with a dot or a quote in double quotes. Capital letters count. */
    tables: z.array(pickedTable).min(1).max(MOST).optional(),
  })
  .refine(
    ({ paths, tables }) => (paths === undefined) !== (tables === undefined),
    "expected exactly one of paths, tables",
  );
export type Only = z.infer<typeof only>;

/** The kind of source that it is of. */
export const kindOf = ({ tables }: Only): "postgres" | "files" => (tables === undefined ? "files" : "postgres");

/** The tables that are picked; undefined where all are taken. */
export const pickedTables = (picked: Only | undefined): readonly TableName[] | undefined =>
  picked?.tables?.flatMap((text) => parseTableName(text) ?? []);

/** What was picked, for people: names in order, at most ten. */
export const onlyText = (picked: Only): string => {
  const names = picked.paths ?? picked.tables ?? [];
  const shown = names.slice(0, 10).map((name) => JSON.stringify(name));
  const rest = names.length - shown.length;
  const noun = picked.tables ? "table" : "path";
  return `the ${noun}${names.length === 1 ? "" : "s"} ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
};

interface Asked {
  readonly only?: Only | undefined;
  readonly into: { readonly [place: string]: unknown };
  readonly sources?: readonly string[] | undefined;
  readonly point: unknown;
}

/** What contradicts a choice of paths or tables in its own request. */
export const onlyMistake = ({ only: picked, into, sources, point }: Asked): string | undefined => {
  if (picked === undefined) return undefined;
  if (sources !== undefined && sources.length > 1) return `is of one source, and \`sources\` names ${sources.length}`;
  return picked.tables ? tablesMistake(picked, into) : pathsMistake(into, point);
};

const pathsMistake = ({ replace, database, inPlace }: Asked["into"], point: unknown): string | undefined => {
  if (replace !== undefined)
    return "cannot go with `replace`, which would drop everything else; say `inPlace` to put the paths back where they were, or name a new `directory` or `volume`";
  if (
    typeof inPlace === "object" &&
    inPlace !== null &&
    "recreateClaims" in inPlace &&
    inPlace.recreateClaims !== undefined
  )
    return "cannot go with `recreateClaims`, which would delete everything else";
  if (database !== undefined) return "has paths, which go into a `directory`, a `volume` or `inPlace`";
  if (typeof point === "object" && point !== null && "object" in point)
    return "has paths, which cannot be picked from an old object: restore it whole into a new `directory` or `volume`, and copy them from there";
  return undefined;
};

const tablesMistake = (picked: Only, { database }: Asked["into"]): string | undefined =>
  database === undefined
    ? `has tables, which go into a new \`database\`: what refers to a live table, and who writes to it, would not stand its exchange. Restore them into a new one and copy the rows: ${copyRowsCommand(pickedTables(picked) ?? [], "NEW", "LIVE")}`
    : undefined;
