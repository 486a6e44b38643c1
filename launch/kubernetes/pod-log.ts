import { type IncomingMessage, request as plainRequest } from "node:http";
import { type RequestOptions, request as tlsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { Cluster } from "./cluster.ts";
import type { Refusal } from "./cluster-error.ts";

/** One line of a container's log, of stdout and stderr alike. */
export interface LogLine {
  /** When it was logged: RFC 3339 with nanoseconds. */
  readonly at: string;
  readonly text: string;
}

export interface LogRequest {
  readonly pod: string;
  readonly container: string;
  /** Waits for more until the container ends. */
  readonly follow: boolean;
  /** From the second of this instant on. */
  readonly since?: string | undefined;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds without a byte after which a connection counts as broken: a dead one would say nothing for ever. */
const SILENT = 60_000;

/**
 * Reads the log of a container, line by line. The client's own way loses errors of a broken connection.
 * @throws the refusal of the server, or what broke the connection
 */
export async function* podLog(cluster: Cluster, request: LogRequest): AsyncGenerator<LogLine> {
  const answer = await ask(cluster, request);
  answer.setEncoding("utf8");
  let rest = "";
  for await (const chunk of answer) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield parsed(line);
  }
}

const parsed = (line: string): LogLine => {
  const space = line.indexOf(" ");
  return /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(line.slice(0, space))
    ? { at: line.slice(0, space), text: line.slice(space + 1) }
    : { at: "", text: line };
};

const ask = async (
  cluster: Cluster,
  { pod, container, follow, since, signal }: LogRequest,
): Promise<IncomingMessage> => {
  const server = cluster.config.getCurrentCluster()?.server ?? "";
  const path = `/api/v1/namespaces/${cluster.namespace}/pods/${encodeURIComponent(pod)}/log`;
  const url = new URL(`${server.replace(/\/$/, "")}${path}`);
  url.searchParams.set("container", container);
  url.searchParams.set("follow", String(follow));
  url.searchParams.set("timestamps", "true");
  if (since) url.searchParams.set("sinceTime", since);
  const options: RequestOptions = { timeout: SILENT, ...(signal ? { signal } : {}) };
  await cluster.config.applyToHTTPSOptions(options);
  const answer = await answered(url, options);
  if (answer.statusCode === 200) return answer;
  throw refusal(answer.statusCode ?? 500, await text(answer));
};

const answered = (url: URL, options: RequestOptions): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? tlsRequest : plainRequest)(url, options, resolve);
    request.on("timeout", () => request.destroy(new Error(`no word for ${SILENT / 1000} s`)));
    request.on("error", reject);
    request.end();
  });

const refusal = (code: number, body: string): Refusal =>
  Object.assign(new Error(`the log was refused with ${code}`), { code, body });
