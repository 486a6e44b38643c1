import { JobError, type PostgresSource } from "../../spec/index.ts";

/** What the end of a program that loads an unfinished copy means. */
export const explainRestore =
  (program: "pg_restore" | "psql", { host, port }: Pick<PostgresSource, "host" | "port">, database: string) =>
  (exit: number, stderr: string): JobError => {
    const denied = /permission denied|must be (owner|superuser|member)/.test(stderr);
    return new JobError(
      denied ? "too-few-rights" : "restore-failed",
      `${program} into '${database}' at ${host}:${port} ended with exit code ${exit}: ${stderr.split("\n").slice(-6).join(" | ") || "it said nothing"}`,
      denied
        ? "name an 'admin' login that is a superuser"
        : "read its message above; nothing but the unfinished copy was changed",
    );
  };
