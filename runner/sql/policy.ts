import type { Piece } from "./reader.ts";
import { unsafe } from "./unsafe.ts";

/** Where a script is to run. */
export interface ScriptTarget {
  readonly major: number;
  /** Without one, everything belongs to the role that runs it. */
  readonly superuser: boolean;
  /** Whether the roles that it grants to are all there. @default true */
  readonly grants?: boolean;
  /** The role that runs it. @default the one that connects */
  readonly role?: string;
}

/** What is done with a piece; `note` says why something that matters is left out. */
export interface Verdict {
  readonly run: boolean;
  readonly note?: string;
}

export type Judge = (piece: Exclude<Piece, { kind: "rows" }>) => Verdict;

const RUN: Verdict = { run: true };
const LEFT_OUT: Verdict = { run: false };

/** All that a dump of one database begins its statements with. */
const KNOWN =
  /^(SET|RESET|SELECT|CREATE|ALTER|COMMENT|GRANT|REVOKE|COPY|INSERT|UPDATE|DELETE|TRUNCATE|DROP|REFRESH|SECURITY|ANALYZE)\b/i;

/** The database itself: its name and its properties are the target's. */
const DATABASE =
  /^(CREATE|ALTER|DROP|COMMENT ON|SECURITY LABEL (FOR \S+ )?ON) DATABASE\b|^(GRANT|REVOKE) [\s\S]* ON DATABASE |^(UPDATE|DELETE FROM) pg_catalog\.pg_database\b|^ALTER ROLE (\S+|"([^"]|"")+") IN DATABASE\b/i;

/** What belongs to the whole server. */
const SERVER =
  /^(CREATE|ALTER|DROP|COMMENT ON) (ROLE|GROUP|TABLESPACE|USER(?! MAPPING))\b|^ALTER SYSTEM\b|^(GRANT|REVOKE) (?![\s\S]* ON )|^DROP OWNED\b/i;

/** The whole script is one transaction, which is ours. */
const TRANSACTION = /^(BEGIN|COMMIT|END|START TRANSACTION)( WORK| TRANSACTION)?\s*;$/i;

/** `pg_dump --clean` empties a database first; the target's is empty, so most of that would fail. */
const CLEARING =
  /^DROP |^SELECT (CASE WHEN EXISTS\([^;]*\) THEN )?pg_catalog\.lo_unlink\(|^ALTER TABLE (IF EXISTS )?(ONLY )?[\s\S]* (DROP CONSTRAINT|DROP DEFAULT|DETACH PARTITION|DROP IDENTITY)\b/i;

const SINCE: readonly { readonly setting: RegExp; readonly major: number }[] = [
  { setting: /^SET transaction_timeout\b/i, major: 17 },
  { setting: /^SET default_table_access_method\b/i, major: 12 },
];

/** Encodings in which a byte of a character may be a backslash or a quote. */
const ODD_ENCODING = /BIG5|GB18030|GBK|JOHAB|SHIFT|SJIS|UHC|WIN9\d\d|MSKANJI/i;

/** Decides, statement by statement, what of a dump's script runs in the one database that is being restored. */
export const judge = ({ major, superuser, grants = true }: Omit<ScriptTarget, "role">): Judge => {
  let connected: string | undefined;
  let filling = false;
  const command = (text: string, line: number): Verdict => {
    const [name = "", ...rest] = text.split(/\s+/);
    if (name === "\\restrict" || name === "\\unrestrict") return LEFT_OUT; // our own restriction stays in force
    if (name !== "\\connect") throw unsafe(`the psql command '${name.slice(0, 20)}'`, line);
    const to = rest.filter((word) => !word.startsWith("-reuse-previous")).join(" ");
    if (filling || (connected !== undefined && connected !== to))
      throw unsafe("more than one database (\\connect)", line);
    connected = to;
    return leftOut("the script connects to another database: that was left out, it fills the restored one only");
  };
  const statement = (text: string, raw: string, line: number): Verdict => {
    refuseOddSettings(text, raw, line);
    if (TRANSACTION.test(text)) return LEFT_OUT;
    if (DATABASE.test(text))
      return leftOut("what the script does to a database as a whole (create, drop, alter) was left out");
    if (SERVER.test(text)) throw unsafe(`a statement about the whole server (${text.slice(0, 40)})`, line);
    if (!KNOWN.test(text)) throw unsafe(`the statement '${text.slice(0, 40)}'`, line);
    if (/^COPY\b/i.test(text) && !/ FROM stdin\s*;$/i.test(text))
      throw unsafe("a COPY that is not from the script itself", line);
    if (SINCE.some(({ setting, major: since }) => setting.test(text) && major < since)) return LEFT_OUT;
    // Every database has one, and it may not go.
    if (/^(CREATE|DROP) SCHEMA (IF (NOT )?EXISTS )?public\s*;$/i.test(text)) return LEFT_OUT;
    if (!filling && CLEARING.test(text)) return leftOut("the script clears the database first: that was left out");
    if (!superuser && (/ OWNER TO \S[\s\S]*;$/.test(text) || /^COMMENT ON EXTENSION\b/i.test(text))) return LEFT_OUT;
    if (!grants && /^(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES)\b/i.test(text)) return LEFT_OUT;
    if (/^(CREATE|COPY|INSERT)\b/i.test(text)) filling = true;
    return RUN;
  };
  return (piece) => {
    if (piece.kind === "command") return command(piece.text, piece.line);
    const text = piece.text.replace(/\s+/g, " ");
    return statement(text, text === ";" ? "" : rawOf(piece, text), piece.line);
  };
};

/** Literals are empty in `text`; of settings they matter. */
const rawOf = ({ bytes }: Extract<Piece, { kind: "statement" }>, text: string): string =>
  /^(SET|SELECT|RESET|ALTER)\b/i.test(text) ? bytes.toString("latin1") : "";

const refuseOddSettings = (text: string, raw: string, line: number): void => {
  if (/standard_conforming_strings/i.test(raw) && !/^SET standard_conforming_strings = on;$/i.test(text))
    throw unsafe("strings of the kind before PostgreSQL 9.1 (standard_conforming_strings)", line);
  if (/client_encoding/i.test(raw) && ODD_ENCODING.test(raw))
    throw unsafe("an encoding that a server cannot have (client_encoding)", line);
};

const leftOut = (note: string): Verdict => ({ run: false, note });
