import { JobError, type PostgresSource, type TableName } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { adminOf, type Session, withSession } from "./connect.ts";
import { quoteIdentifier } from "./identifier.ts";
import { noSuchTable } from "./refuse-table.ts";

interface Relation extends TableName {
  readonly oid: number;
  readonly kind: "r" | "p" | "f";
}

interface Inheritance {
  readonly child: number;
  readonly parent: number;
}

/**
 * Of a database that was just restored from a script, drops every table but some. A script cannot be cut: what one
 * statement needs of the others is nowhere written.
 * @returns what went with the others although it belonged to the kept ones, foreign keys first of all
 * @throws JobError `not-in-point`; `restore-failed` where a kept table would lose a column
 */
export const dropOthers = (
  context: Context,
  source: PostgresSource,
  database: string,
  tables: readonly TableName[],
): Promise<readonly string[]> =>
  withSession(context, source, adminOf(source), database, async (session) => {
    const relations = await readRelations(session);
    const inheritance = await readInheritance(session);
    const kept = keptOf(relations, inheritance, tables);
    const before = await describe(session, kept);
    for (const { child, parent } of inheritance) {
      if (kept.has(child) && !kept.has(parent))
        await session.query(`ALTER TABLE ${nameOf(relations, child)} NO INHERIT ${nameOf(relations, parent)}`);
    }
    for (const { oid, kind, schema, table } of relations) {
      if (kept.has(oid)) continue;
      const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
      await session.query(`DROP ${kind === "f" ? "FOREIGN TABLE" : "TABLE"} IF EXISTS ${name} CASCADE`);
    }
    const after = new Set(await describe(session, kept));
    const lost = before.filter((line) => !after.has(line));
    const column = lost.find((line) => line.startsWith("column "));
    if (column === undefined) return lost;
    throw new JobError(
      "restore-failed",
      `${column} has the type of another table, which was not picked`,
      "pick that table as well, or restore the whole database into a new one",
    );
  });

/** The tables themselves, their partitions and children, and the partitioned tables above them, which hold no rows. */
const keptOf = (
  relations: readonly Relation[],
  inheritance: readonly Inheritance[],
  tables: readonly TableName[],
): ReadonlySet<number> => {
  const kept = new Set<number>();
  for (const { schema, table } of tables) {
    const found = relations.find((each) => each.schema === schema && each.table === table);
    if (!found)
      throw noSuchTable(
        { schema, table },
        relations.map((each) => ({ ...each, rows: 0 })),
      );
    kept.add(found.oid);
  }
  const partitioned = new Set(relations.flatMap(({ oid, kind }) => (kind === "p" ? [oid] : [])));
  const above = new Set(kept);
  for (let before = -1; before !== kept.size + above.size; ) {
    before = kept.size + above.size;
    for (const { child, parent } of inheritance) {
      if (kept.has(parent)) kept.add(child);
      if (above.has(child) && partitioned.has(parent)) above.add(parent);
    }
  }
  return new Set([...kept, ...above]);
};

const nameOf = (relations: readonly Relation[], oid: number): string => {
  const { schema, table } = relations.find((each) => each.oid === oid) as Relation;
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
};

const readRelations = async (session: Session): Promise<readonly Relation[]> => {
  const { rows } = await session.query<Relation>(`
    SELECT c.oid, n.nspname AS schema, c.relname AS table, c.relkind AS kind
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                          AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY 2, 3`);
  return rows;
};

const readInheritance = async (session: Session): Promise<readonly Inheritance[]> => {
  const { rows } = await session.query<Inheritance>(
    `SELECT i.inhrelid AS child, i.inhparent AS parent FROM pg_catalog.pg_inherits i
       JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relkind IN ('r', 'p', 'f')`,
  );
  return rows;
};

/** What makes up some tables, a line for each thing. */
const describe = async (session: Session, kept: ReadonlySet<number>): Promise<readonly string[]> => {
  const { rows } = await session.query<{ line: string }>(
    `SELECT pg_catalog.format('column %I of %s', attname, attrelid::pg_catalog.regclass) AS line
       FROM pg_catalog.pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid = ANY ($1)
     UNION ALL
     SELECT pg_catalog.format('default of %I of %s', a.attname, d.adrelid::pg_catalog.regclass)
       FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON (a.attrelid, a.attnum) = (d.adrelid, d.adnum)
      WHERE d.adrelid = ANY ($1)
     UNION ALL
     SELECT pg_catalog.format('constraint %I of %s', conname, conrelid::pg_catalog.regclass)
       FROM pg_catalog.pg_constraint WHERE conrelid = ANY ($1)
     UNION ALL
     SELECT pg_catalog.format('trigger %I of %s', tgname, tgrelid::pg_catalog.regclass)
       FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY ($1)
     UNION ALL
     SELECT pg_catalog.format('policy %I of %s', polname, polrelid::pg_catalog.regclass)
       FROM pg_catalog.pg_policy WHERE polrelid = ANY ($1)
     ORDER BY 1`,
    [[...kept]],
  );
  return rows.map(({ line }) => line);
};
