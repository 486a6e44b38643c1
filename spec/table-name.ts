/** A table as requests name it. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

const PART = `("(?:[^"]|"")+"|[^".]+)`;
const NAME = new RegExp(`^(?:${PART}\\.)?${PART}$`);
/** Bytes that PostgreSQL keeps of a name. */
const LONGEST = 63;

/**
 * Reads `schema.table`, or `table` of the schema `public`. A part that holds a dot or a quote is written as in SQL, in
 * double quotes. Capital letters count in either form.
 * @returns undefined for a text that names no table
 */
export const parseTableName = (text: string): TableName | undefined => {
  const [, first, second] = NAME.exec(text) ?? [];
  if (second === undefined) return undefined;
  const found = { schema: first === undefined ? "public" : bare(first), table: bare(second) };
  return isName(found.schema) && isName(found.table) ? found : undefined;
};

const bare = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);

const isName = (name: string): boolean => !name.includes("\0") && new TextEncoder().encode(name).length <= LONGEST;

/** The name as SQL. */
export const sqlTableName = ({ schema, table }: TableName): string => `${quoted(schema)}.${quoted(table)}`;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The command that adds the rows of tables in one database to the same tables of another one. */
export const copyRowsCommand = (tables: readonly TableName[], from: string, to: string): string =>
  [
    "pg_dump --data-only",
    ...tables.map((table) => `--table=${forShell(sqlTableName(table))}`),
    `--dbname=${forShell(from)} | psql --single-transaction --set=ON_ERROR_STOP=1 --dbname=${forShell(to)}`,
  ].join(" ");

/** For a POSIX shell: such lines are read and copied by people. */
export const forShell = (text: string): string =>
  /^[A-Za-z0-9_./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
