/** Bytes that PostgreSQL keeps of a name. */
export const NAME_BYTES = 63;

const hasControl = (text: string): boolean => /[\n\r]/.test(text);

/**
 * A name as SQL. Line breaks are escaped, so that one statement stays on one line and comment markers in a stored
 * script can never be imitated by a name.
 */
export const quoteIdentifier = (name: string): string =>
  hasControl(name)
    ? `U&"${name.replaceAll("\\", "\\\\").replaceAll('"', '""').replaceAll("\n", "\\000A").replaceAll("\r", "\\000D")}"`
    : `"${name.replaceAll('"', '""')}"`;

/** A text as SQL, on one line and right with either setting of `standard_conforming_strings`. */
export const quoteLiteral = (text: string): string =>
  hasControl(text) || text.includes("\\")
    ? `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}'`
    : `'${text.replaceAll("'", "''")}'`;

/** A name followed by a suffix, shortened at a character's boundary so that PostgreSQL keeps all of it. */
export const nameWithSuffix = (name: string, suffix: string): string => {
  const room = NAME_BYTES - Buffer.byteLength(suffix);
  let kept = "";
  let used = 0;
  for (const character of name) {
    used += Buffer.byteLength(character);
    if (used > room) break;
    kept += character;
  }
  return kept + suffix;
};

/** A database as libpq's connection string: a bare name with `=` in it would be read as one. */
export const connectionString = (database: string): string =>
  `dbname='${database.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
