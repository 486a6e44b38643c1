import { JobError, type PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { clientEnv } from "./connect.ts";
import { placeOf, type Where } from "./sql-error.ts";

/** The `pg_dump` call for one snapshot: a custom-format archive, or a script, on stdout. */
export const pgDump = (
  context: Context,
  source: PostgresSource,
  {
    file,
    snapshot,
    where,
    raw,
  }: { readonly file: string; readonly snapshot: string; readonly where: Where; readonly raw: boolean },
): Invocation => ({
  file,
  args: [
    ...(source.format === "sql" ? ["--format=plain"] : ["--format=custom", ...(raw ? [] : ["--compress=0"])]),
    `--snapshot=${snapshot}`,
    "--no-password",
  ],
  env: clientEnv(context, source, source.login),
  explain: (exit, stderr) => {
    const denied = /permission denied/.test(stderr);
    return new JobError(
      denied ? "too-few-rights" : "process-failed",
      `pg_dump of ${placeOf(where)} ended with exit code ${exit}: ${stderr.split("\n").slice(-5).join(" | ") || "it said nothing"}`,
      denied
        ? `grant what is missing, for example: GRANT pg_read_all_data TO "${where.user}"; nothing was published`
        : "read its message above and run again; nothing was published",
    );
  },
});
