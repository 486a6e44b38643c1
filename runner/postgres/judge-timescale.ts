import type { Check, Hypertable, Timescale } from "../../spec/index.ts";

/** Whether a restored database has the hypertables, chunks and continuous aggregates of its manifest. Pure. */
export const judgeTimescale = (
  database: string,
  expected: Timescale | undefined,
  found: Timescale | undefined,
): readonly Check[] => {
  if (!expected) return [];
  const restored = new Map(found?.hypertables.map((each) => [nameOf(each), each]));
  const different = expected.hypertables.flatMap((wanted): Check[] => {
    const there = restored.get(nameOf(wanted));
    return there?.chunks === wanted.chunks && there.rows === wanted.rows
      ? []
      : [
          {
            name: `hypertable ${nameOf(wanted)}`,
            ok: false,
            detail: `${there ? sizeOf(there) : "it is no hypertable"}; the manifest says ${sizeOf(wanted)}`,
          },
        ];
  });
  const views = (value: Timescale | undefined): string =>
    (value?.continuousAggregates ?? [])
      .map(({ schema, view }) => `${schema}.${view}`)
      .sort()
      .join(", ") || "none";
  return [
    {
      name: `hypertables of '${database}'`,
      ok: different.length === 0 && found?.hypertables.length === expected.hypertables.length,
      detail: `${totalOf(found)}; the manifest says ${totalOf(expected)}`,
    },
    ...(views(expected) === "none" && views(found) === "none"
      ? []
      : [
          {
            name: `continuous aggregates of '${database}'`,
            ok: views(expected) === views(found),
            detail: `${views(found)}; the manifest says ${views(expected)}`,
          },
        ]),
    ...different,
  ];
};

/** What a restored database has, where nothing says what it should have. */
export const recordTimescale = (database: string, found: Timescale | undefined): readonly Check[] =>
  found ? [{ name: `hypertables of '${database}'`, ok: true, detail: `${totalOf(found)}; not compared` }] : [];

const nameOf = ({ schema, table }: Hypertable): string => `${schema}.${table}`;

const sizeOf = ({ rows, chunks }: Hypertable): string => `${rows} rows in ${chunks} chunks`;

const totalOf = (value: Timescale | undefined): string => {
  const tables = value?.hypertables ?? [];
  const sum = (pick: (table: Hypertable) => number) => tables.reduce((total, table) => total + pick(table), 0);
  return `${tables.length} hypertables, ${sum(({ rows }) => rows)} rows in ${sum(({ chunks }) => chunks)} chunks`;
};
