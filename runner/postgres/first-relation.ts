import type { Session } from "./connect.ts";

/**
 * The name of something that somebody keeps in a session's database: some applications have their data in `postgres`
 * itself. What an extension of the image made there does not count.
 */
export const firstRelation = async (session: Session): Promise<string | undefined> => {
  const { rows } = await session.query<{ name: string }>(
    `SELECT c.oid::pg_catalog.regclass::pg_catalog.text AS name
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND c.relkind IN ('r', 'p', 'm', 'f', 'S')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                           AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY 1 LIMIT 1`,
  );
  return rows[0]?.name;
};
