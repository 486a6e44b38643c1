import pg from "pg";
import { kubectl } from "./kubectl.ts";

/** A PostgreSQL server behind a service of the cluster. */
export interface ServiceServer {
  readonly namespace: string;
  readonly service: string;
  readonly password: string;
}

const addresses = new Map<string, Promise<string>>();

/** The service's address, which this machine reaches as well as pods do. */
const addressOf = ({ namespace, service }: ServiceServer): Promise<string> => {
  const name = `${namespace}/${service}`;
  const known =
    addresses.get(name) ??
    kubectl("--namespace", namespace, "get", "service", service, "--output", "jsonpath={.spec.clusterIP}");
  addresses.set(name, known);
  return known;
};

/** Texts as the server sends them. */
const AS_SENT = { getTypeParser: () => (value: string) => value };

/**
 * What a query answers, one line per row, as `psql --tuples-only --no-align` prints it and under that name. Without psql:
 * a program in a container is half a dozen processes, and a test asks hundreds of times.
 */
export const serviceSql = async (server: ServiceServer, database: string, text: string): Promise<string> => {
  const client = new pg.Client({
    host: await addressOf(server),
    user: "postgres",
    password: server.password,
    database,
    application_name: "psql",
    connectionTimeoutMillis: 20_000,
    types: AS_SENT as never,
  });
  // Whoever ends this session, or its server, ends the query, too, and that says so.
  client.on("error", () => undefined);
  await client.connect();
  try {
    const answers = [await client.query({ text, rowMode: "array" })].flat() as readonly { readonly rows: string[][] }[];
    return answers.flatMap(({ rows }) => rows.map((row) => row.map((value) => value ?? "").join("|"))).join("\n");
  } finally {
    await client.end().catch(() => undefined);
  }
};
