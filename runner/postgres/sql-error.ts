import { JobError, type Login, type PostgresSource } from "../../spec/index.ts";

/** Where a session is, for messages: never with its password. */
export interface Where {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export const whereOf = ({ host, port }: PostgresSource, { user }: Login, database: string): Where => ({
  host,
  port,
  database,
  user,
});

export const placeOf = ({ host, port, database, user }: Where): string =>
  `database '${database}' at ${host}:${port} as user '${user}'`;

interface SystemOrSqlError extends Error {
  readonly code?: string;
}

const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "ENOENT",
  "EPIPE",
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "55000",
  "08006",
]);
const UNTRUSTED =
  /certificate|self.signed|unable to verify|altname|does not support SSL|wrong version number|ssl routines|tlsv1|EPROTO/i;
const NO_PASSWORD = /client password must be a|no password supplied/i;

/** A failure to connect, or of a statement, as a person needs it; a JobError stays as it is. */
export const explainSql = (error: unknown, where: Where, doing = "connect to"): unknown => {
  if (!(error instanceof Error) || error instanceof JobError) return error;
  const { code = "", message } = firstOf(error);
  const said = `cannot ${doing} ${placeOf(where)}: ${message || code}`;
  const job = (name: ConstructorParameters<typeof JobError>[0], hint: string) =>
    new JobError(name, said, hint, { cause: error });
  if (code === "28P01" || code === "28000" || NO_PASSWORD.test(message)) {
    return job(
      "bad-credentials",
      `check the user, the password that the plan refers to, and pg_hba.conf of ${where.host}`,
    );
  }
  if (code === "3D000") return job("missing-database", "check the name; the server is there and let this user in");
  if (code === "42501" || /permission denied|must be (owner|superuser|member)/i.test(message)) {
    return job("too-few-rights", `grant what is missing to '${where.user}', or name an 'admin' login that has it`);
  }
  if (isAboutTls(error)) {
    return job(
      "untrusted-server",
      "check the certificate and the host name, the CA file and tls.mode; nothing was sent",
    );
  }
  if (code === "55006") return job("busy", "stop what connects there and run again");
  if (code === "53100") return job("no-room", "free space on the server's disk");
  if (UNREACHABLE.has(code) || /timeout expired|connection terminated|not queryable/i.test(message)) {
    return job(
      "database-unreachable",
      `check that PostgreSQL runs at ${where.host}:${where.port} and accepts connections from here`,
    );
  }
  if (!/^[0-9A-Z]{5}$/.test(code)) return error; // no answer of a server's: a defect of ours
  return job("process-failed", "read PostgreSQL's message above, mend its cause and run again");
};

/** Whether the two sides do not agree on TLS, so that a plain connection may still work. */
export const isAboutTls = (error: unknown): boolean =>
  error instanceof Error && UNTRUSTED.test(`${error.message} ${(error as SystemOrSqlError).code ?? ""}`);

/** Node tries every address of a host and wraps the failures. */
const firstOf = (error: Error): SystemOrSqlError =>
  error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
