import type { Aide } from "./aide.ts";
import { BUSY } from "./aide.ts";

/** Everything that an AIDE holds, as `digest.py` says it. */
interface Digest {
  readonly files: Readonly<Record<string, string>>;
  readonly projects: Readonly<Record<string, { readonly images: number; readonly wrong: readonly string[] }>>;
  /** Our own directories of superseded data, in the volume of images. */
  readonly aside: readonly string[];
}

/** What must be equal after a restore, down to owners and modes, and what goes on while workers work. */
export interface Holding {
  /** Files by path: owner, mode and digest. Without the busy project's. */
  readonly files: Digest["files"];
  /** Rows of every table, owners, grants and extensions. Without the busy project's rows. */
  readonly database: string;
  /** What the database itself has, which no dump of it carries: owner, encoding, rights, settings. */
  readonly properties: string;
  readonly aside: readonly string[];
  readonly busy: { readonly rows: number; readonly files: readonly string[] };
  /** Rows whose file is not there or is another. */
  readonly wrong: readonly string[];
}

export const holdingOf = async (aide: Aide): Promise<Holding> => {
  const [text, database, properties] = await Promise.all([
    aide.exec("python3", "/home/aide/app/digest.py"),
    describe(aide),
    aide.sql(PROPERTIES),
  ]);
  const { files, projects, aside } = JSON.parse(text) as Digest;
  const names = Object.keys(files);
  const ofBusy = names.filter((name) => name.startsWith(`${BUSY}/`) && name.endsWith(".jpg"));
  return {
    files: Object.fromEntries(Object.entries(files).filter(([name]) => !ofBusy.includes(name))),
    database,
    properties,
    aside,
    busy: { rows: projects[BUSY]?.images ?? 0, files: ofBusy },
    wrong: Object.entries(projects).flatMap(([project, { wrong }]) => wrong.map((name) => `${project}/${name}`)),
  };
};

const describe = async (aide: Aide): Promise<string> => {
  const tables = await aide.sql(
    `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname <> '${BUSY}' ORDER BY 1`,
  );
  const rows = tables
    .split("\n")
    .map(
      (table) => `SELECT '${table}', count(*)::text, md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM ${table} t`,
    );
  return aide.sql(`SELECT * FROM (${[OWNERS, EXTENSIONS, ...rows].join(" UNION ALL ")}) all_of_it ORDER BY 1, 2, 3`);
};

const OWNERS = `SELECT n.nspname || coalesce('.' || c.relname, ''), pg_get_userbyid(coalesce(c.relowner, n.nspowner)),
    coalesce(c.relacl, n.nspacl)::text
  FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'S', 'v')
  WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')`;
const EXTENSIONS = "SELECT 'extension', extname, extversion FROM pg_extension";
const PROPERTIES = `SELECT datname, pg_get_userbyid(datdba) || ' ' || datconnlimit || ' ' || pg_encoding_to_char(encoding),
    coalesce(datacl::text, '') || ' ' || coalesce((SELECT setconfig::text FROM pg_db_role_setting WHERE setdatabase = d.oid AND setrole = 0), '')
  FROM pg_database d WHERE datname = current_database()`;
