import { type Check, type DrillCheck, JobError, type Manifest, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { asSubquery } from "../postgres/asked-query.ts";
import { adminOf, connectPostgres, useSession } from "../postgres/connect.ts";

/** Milliseconds that one question may take. */
const TIMEOUT = 600_000;

/**
 * The database that a check asks, before anything is restored.
 * @throws JobError `bad-config` naming a check that no database of the point answers
 */
export const askedDatabase = ({ name, postgres }: DrillCheck, { id, sources }: Manifest): string => {
  const databases = sources.filter(({ kind }) => kind === "postgres").map((source) => source.name);
  const asked = postgres ?? (databases.length === 1 ? databases[0] : undefined);
  if (asked !== undefined && databases.includes(asked)) return asked;
  throw new JobError(
    "bad-config",
    postgres === undefined
      ? `the check '${name}' names no database, and point ${id} holds ${databases.length}`
      : `the check '${name}' asks '${postgres}', and point ${id} holds no such database`,
    `name one in the check's \`postgres\`: ${databases.join(", ") || "there is none"}`,
  );
};

/** Asks the restored databases what the drill wants to know. A query that fails is an answer, too: no. */
export const ownChecks = async (
  context: Context,
  checks: readonly DrillCheck[],
  manifest: Manifest,
  databases: ReadonlyMap<string, PostgresSource>,
): Promise<readonly Check[]> => {
  const found: Check[] = [];
  for (const check of checks) {
    const source = databases.get(askedDatabase(check, manifest));
    context.report.step("asking", `asking '${check.name}'`);
    found.push(
      source
        ? { name: check.name, ...(await answer(context, source, check)) }
        : { name: check.name, ok: false, detail: "not asked: its database was not restored" },
    );
  }
  return found;
};

/** One prepared statement in a read-only transaction: it can neither write nor bring a second one with it. */
const answer = async (
  context: Context,
  source: PostgresSource,
  { query }: DrillCheck,
): Promise<Pick<Check, "ok" | "detail">> =>
  useSession(context, await connectPostgres(context, source, adminOf(source)), async (session) => {
    await session.query("RESET search_path"); // the query may name tables as the application does
    await session.query("BEGIN TRANSACTION READ ONLY");
    await session.query(`SET LOCAL statement_timeout = ${TIMEOUT}`);
    try {
      const { rows } = await session.query<unknown[]>({
        text: `SELECT * FROM ${asSubquery(query)} WHERE $1::text IS NOT NULL LIMIT 1`,
        values: [""],
        rowMode: "array",
      });
      return judge(rows);
    } catch (error) {
      context.signal.throwIfAborted();
      return { ok: false, detail: `the query failed: ${error instanceof Error ? error.message : String(error)}` };
    }
  });

const judge = (rows: readonly (readonly unknown[])[]): Pick<Check, "ok" | "detail"> => {
  const [first] = rows;
  if (!first) return { ok: false, detail: "no row" };
  const [value] = first;
  return { ok: value !== null && value !== false, detail: String(value) };
};
