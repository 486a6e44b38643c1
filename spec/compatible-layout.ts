import { z } from "zod";
import { pointTime } from "./layout.ts";
import { isIncremental, type Source } from "./source.ts";
import { sourceMount } from "./target.ts";

/** What AIDE's own names stand for: its one database, and its images: a source or a volume of that name. */
const AIDE = { database: "ailabeltooldb", images: "aide_images" } as const;

const folder = z
  .string()
  .regex(/^(?:[A-Za-z0-9_][A-Za-z0-9._-]*\/)*$/, "expected a prefix that ends with a slash, like 'backup/'");

/** Names of new artifacts as an older tool gives them, so that it can still read them; its old objects stay readable as well. */
export const compatibleLayout = z.discriminatedUnion("kind", [
  /** `<host>-ailabeltooldb-<time>.dump` of `pg_dump --format=custom`, and `<host>-aide_images-<time>.tar`. */
  z.strictObject({
    kind: z.literal("aide"),
    /** @default the name of the host where the backup runs */
    host: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "expected a host's name")
      .optional(),
  }),
  /** `<prefix>postgres-backup-<time>.sql`: plain SQL of one database. */
  z.strictObject({
    kind: z.literal("go-s3-backup"),
    prefix: folder.default("backup/"),
  }),
  /** `<prefix>backup_<seconds>.bak`: `pg_dump -Fc` of one database; the seconds are those since 1970. */
  z.strictObject({ kind: z.literal("colonies"), prefix: folder.default("backups/") }),
  /** `<prefix><role>-db-backup_<instant>/…` and `<prefix><storage>_<instant>/…`: only read, lz4 and GPG. New artifacts have our own names, as without a layout. */
  z.strictObject({ kind: z.literal("chipster"), prefix: folder.default("") }),
]);
export type CompatibleLayout = z.infer<typeof compatibleLayout>;

/** The key of a source's data relative to the repository's root; undefined for a source that the layout does not name. */
export const layoutKey = (
  layout: CompatibleLayout,
  source: Source,
  point: string,
  host: string,
): string | undefined => {
  switch (layout.kind) {
    case "aide":
      return aideKey(source, `${layout.host ?? host}-`, timeOf(point, "T"));
    case "go-s3-backup":
      return source.kind === "postgres" ? `${layout.prefix}postgres-backup-${timeOf(point, "")}.sql` : undefined;
    case "chipster":
      return undefined;
    case "colonies":
      return source.kind === "postgres" ? `${layout.prefix}${coloniesName(point)}` : undefined;
  }
};

const aideKey = (source: Source, host: string, time: string): string | undefined => {
  if (source.kind === "postgres")
    return source.database === AIDE.database ? `${host}${AIDE.database}-${time}.dump` : undefined;
  return source.kind === "files" && !isIncremental(source) && isAllImages(source)
    ? `${host}${AIDE.images}-${time}.tar`
    : undefined;
};

/** The volume may have another name; a project alone is another source. */
const isAllImages = ({ name, directory, mount }: Extract<Source, { kind: "files" }>): boolean =>
  (name === AIDE.images || (mount?.kind === "volume" && mount.name === AIDE.images)) &&
  (mount === undefined || directory === sourceMount(name));

const coloniesName = (point: string): string => `backup_${pointTime(point).getTime() / 1000}.bak`;

/** The time of a point as the other tools write it, in UTC: `20261121T010000`, or without the letter. */
const timeOf = (point: string, letter: "T" | ""): string =>
  pointTime(point).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", letter);

/**
 * Whether a key relative to the repository's root can be of this point: it has one of the layouts' names, with the
 * point's own time. What a manifest names outside of its plan's prefix is read, and removed, under this rule only.
 */
export const isLayoutKeyOf = (point: string, key: string): boolean => {
  const name = key.slice(key.lastIndexOf("/") + 1);
  return (
    name === `postgres-backup-${timeOf(point, "")}.sql` ||
    name === coloniesName(point) ||
    [`-${AIDE.database}-${timeOf(point, "T")}.dump`, `-${AIDE.images}-${timeOf(point, "T")}.tar`].some(
      (end) => name.endsWith(end) && name.length > end.length,
    )
  );
};

/** The keys that a layout gives to a point of these sources. */
export const layoutKeys = (
  layout: CompatibleLayout | undefined,
  sources: readonly Source[],
  point: string,
  host: string,
): readonly string[] =>
  layout === undefined ? [] : sources.flatMap((source) => layoutKey(layout, source, point, host) ?? []);

/** What speaks against a layout for these sources; undefined where nothing does. */
export const layoutMistake = (layout: CompatibleLayout, sources: readonly Source[]): string | undefined => {
  if (layout.kind === "chipster") return undefined;
  const named = sources.filter((source) => layoutKey(layout, source, "20000101T000000Z-0000", "host") !== undefined);
  const format = layout.kind === "go-s3-backup" ? "sql" : "custom";
  if (named.length === 0) {
    return layout.kind === "aide"
      ? `the layout names the database '${AIDE.database}' and the volume '${AIDE.images}', and no source is one of them`
      : "the layout names a PostgreSQL database, and no source is one";
  }
  for (const kind of ["postgres", "files"] as const)
    if (named.filter((source) => source.kind === kind).length > 1)
      return `two sources of the kind ${kind} would get the same names; put one into a plan of its own`;
  const other = named.find((source) => source.kind === "postgres" && source.format !== format);
  return other && `source '${other.name}' must have the format '${format}', which the layout's readers expect`;
};
