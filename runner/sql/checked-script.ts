import { Transform } from "node:stream";
import { JobError, type TableCount } from "../../spec/index.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { COMPLETE } from "./lexer.ts";
import { judge, type ScriptTarget } from "./policy.ts";
import { type Piece, scriptReader } from "./reader.ts";

/** A dump's script on its way to `psql`, or to nowhere. */
export interface CheckedScript {
  /** Takes the script and gives what runs of it. Fails for what `pg_dump` does not write, and for a script that is not whole. */
  readonly stream: Transform;
  /** What was left out, once it has ended. */
  readonly notes: () => readonly string[];
  /** Rows by table, as its COPY blocks held them. */
  readonly counts: () => readonly TableCount[];
  /** Rows may also be written as INSERT statements, which are not counted. */
  readonly inserts: () => number;
  /** The extensions that it creates, each with its schema; versions are in no dump but for TimescaleDB's. */
  readonly extensions: () => readonly { readonly name: string; readonly schema: string; readonly version: string }[];
  /** The roles that it names as owners and grantees. */
  readonly roles: () => ReadonlySet<string>;
}

const NAME = String.raw`("(?:[^"]|"")+"|[^\s,;"()]+)`;
const ROLES = new RegExp(
  String.raw` OWNER TO ${NAME};$|^(?:GRANT|REVOKE) [\s\S]* (?:TO|FROM) ${NAME}(?: WITH GRANT OPTION)?;$|^SET SESSION AUTHORIZATION ${NAME};$|^ALTER DEFAULT PRIVILEGES FOR ROLE ${NAME} `,
  "i",
);
const EXTENSION = new RegExp(`^CREATE EXTENSION (?:IF NOT EXISTS )?${NAME}(?: WITH SCHEMA ${NAME})?`, "i");
/** The row in which TimescaleDB says of which version its own tables are. */
const TIMESCALE = { table: "_timescaledb_catalog.metadata", version: /^timescaledb_version\t([^\t\n]+)/m };
/** Characters of that table that are kept: it has a handful of rows. */
const METADATA = 65_536;
const versionIn = (metadata: string): string => TIMESCALE.version.exec(metadata)?.[1] ?? "";
const GRANTEE = new RegExp(` (?:TO|FROM) ${NAME}(?: WITH GRANT OPTION)?;$`, "i");

/**
 * Checks a script while it goes by. The transaction is ours: it is committed only when the whole script has been seen,
 * its last comment says that it is complete, and `whole` has settled well.
 * @param whole what else must be well before the end counts, such as the digest of the stream. @default nothing
 */
export const checkedScript = (
  target: ScriptTarget,
  whole: () => Promise<void> = async () => undefined,
): CheckedScript => {
  const [reader, verdict] = [scriptReader(), judge(target)];
  const [notes, roles, extensions] = [new Set<string>(), new Set<string>(), new Map<string, string>()];
  let metadata = "";
  const counts: TableCount[] = [];
  let inserts = 0;
  let begun = false;

  const take = (stream: Transform, piece: Piece): void => {
    if (piece.kind === "rows") {
      const last = counts.pop();
      if (last) counts.push({ ...last, rows: last.rows + piece.count });
      if (last && `${last.schema}.${last.table}` === TIMESCALE.table && metadata.length < METADATA)
        metadata += piece.bytes.toString("latin1");
      stream.push(piece.bytes);
      return;
    }
    const { run, note } = verdict(piece);
    if (note !== undefined) notes.add(note);
    if (!run || piece.kind === "command") return;
    if (/^COPY\b/i.test(piece.text)) counts.push({ ...tableOf(piece.text), rows: 0 });
    if (/^INSERT\b/i.test(piece.text)) inserts += 1;
    const [, extension, schema] = EXTENSION.exec(piece.text.replace(/\s+/g, " ")) ?? [];
    if (extension !== undefined) extensions.set(bare(extension), schema === undefined ? "" : bare(schema));
    for (const role of rolesOf(piece.text)) roles.add(role);
    stream.push(piece.bytes);
  };
  const begin = (stream: Transform): void => {
    if (begun) return;
    begun = true;
    stream.push(`BEGIN;\n${target.role === undefined ? "" : `SET ROLE ${quoteIdentifier(target.role)};\n`}`);
  };
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        begin(this);
        for (const piece of reader.push(chunk)) take(this, piece);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      if (!reader.isComplete(COMPLETE)) {
        done(notWhole(reader.line()));
        return;
      }
      whole().then(() => {
        this.push("\nCOMMIT;\n");
        done();
      }, done);
    },
  });
  return {
    stream,
    notes: () => [...notes],
    counts: () => counts,
    inserts: () => inserts,
    roles: () => roles,
    extensions: () =>
      [...extensions].map(([name, schema]) => ({
        name,
        schema,
        version: name === "timescaledb" ? versionIn(metadata) : "",
      })),
  };
};

const rolesOf = (text: string): readonly string[] => {
  const words = text.replace(/\s+/g, " ");
  const found = [...(ROLES.exec(words) ?? []).slice(1), GRANTEE.exec(/^ALTER DEFAULT/i.test(words) ? words : "")?.[1]];
  return found.flatMap((name) => (name === undefined || NOBODY.test(name) ? [] : [bare(name)]));
};

const NOBODY = /^(public|default|current_user|session_user|current_role)$/i;

const TABLE = new RegExp(`^COPY (?:${NAME.replace("\\s,", "\\s.,")}\\.)?${NAME.replace("\\s,", "\\s.,")}`, "i");

/** Scripts of servers before 10.3 name the schema in `search_path` only. */
const tableOf = (text: string): { schema: string; table: string } => {
  const [, schema, table] = TABLE.exec(text) ?? [];
  return { schema: schema === undefined ? "" : bare(schema), table: table === undefined ? "" : bare(table) };
};

const bare = (name: string): string =>
  name.startsWith('"')
    ? Buffer.from(name.slice(1, -1).replaceAll('""', '"'), "latin1").toString("utf8")
    : Buffer.from(name, "latin1").toString("utf8");

const notWhole = (line: number): JobError =>
  new JobError(
    "corrupt",
    `the SQL script is not whole: after line ${line} the line is missing that pg_dump writes at the end`,
    "it was cut, or is no dump of one database; choose another one. Nothing was changed",
  );
