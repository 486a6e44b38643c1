import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface CountedRequest {
  /** 1 for the first one. */
  readonly number: number;
  readonly method: string;
  readonly url: string;
}

/**
 * `pass` on, `drop` without an answer, `answerless`: pass on and drop the answer, answer with a status of the proxy's
 * own, cut the connection after so many bytes of the request's or of the answer's body, or say another length of an
 * object to who asks with HEAD.
 */
export type Verdict =
  | "pass"
  | "drop"
  | "answerless"
  | number
  | { readonly cutRequest: number }
  | { readonly cutAnswer: number }
  | { readonly contentLength: number };

export interface CountingProxy {
  readonly endpoint: string;
  readonly requests: readonly CountedRequest[];
  /** Decides about each request, which waits for it. Default: all pass. */
  judge: (request: CountedRequest) => Verdict | Promise<Verdict>;
  close(): Promise<void>;
}

/** Whether an object was put there through this proxy. */
export const isStored = ({ requests }: Pick<CountingProxy, "requests">, url: string): boolean =>
  requests.some(({ method, url: put }) => method === "PUT" && put.split("?")[0] === url.split("?")[0]);

/**
 * Stands between a client and an HTTP server, counts requests, and lets a test decide what happens to each: real faults of
 * a network, at chosen moments. `listen`: an address of this machine.
 */
export async function startCountingProxy(target: string, listen = "127.0.0.1"): Promise<CountingProxy> {
  const requests: CountedRequest[] = [];
  const { hostname, port } = new URL(target);
  const proxy: Pick<CountingProxy, "judge"> = { judge: () => "pass" };
  const server = createServer(async (incoming, outgoing) => {
    const counted = { number: requests.length + 1, method: incoming.method ?? "", url: incoming.url ?? "" };
    requests.push(counted);
    incoming.on("error", () => undefined);
    const verdict = await proxy.judge(counted);
    if (verdict === "drop") incoming.socket.destroy();
    else if (typeof verdict === "number")
      outgoing.writeHead(verdict, { "content-length": "0", connection: "close" }).end();
    else forward(incoming, outgoing, { hostname, port }, verdict);
  });
  await new Promise<void>((resolve) => server.listen(0, listen, resolve));
  return {
    endpoint: `http://${listen}:${(server.address() as AddressInfo).port}`,
    requests,
    get judge() {
      return proxy.judge;
    },
    set judge(value) {
      proxy.judge = value;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: { hostname: string; port: string },
  verdict: Exclude<Verdict, number>,
): void {
  // The Host header stays as the client signed it.
  const onward = httpRequest(
    { ...target, method: incoming.method, path: incoming.url, headers: incoming.headers },
    (answer) => {
      if (verdict === "answerless") {
        answer.resume();
        answer.on("end", () => incoming.socket.destroy());
        return;
      }
      if (typeof verdict === "object" && "contentLength" in verdict)
        outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, "content-length": verdict.contentLength });
      else outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      if (typeof verdict === "object" && "cutAnswer" in verdict) cutAfter(answer, verdict.cutAnswer, incoming);
      answer.pipe(outgoing);
    },
  );
  onward.on("error", () => incoming.socket.destroy());
  incoming.on("error", () => onward.destroy());
  if (typeof verdict === "object" && "cutRequest" in verdict) cutAfter(incoming, verdict.cutRequest, incoming, onward);
  incoming.pipe(onward);
}

/** Ends the client's connection, and the one behind it, once so many bytes have come. */
function cutAfter(from: IncomingMessage, bytes: number, client: IncomingMessage, onward?: ClientRequest): void {
  let seen = 0;
  from.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    if (seen < bytes) return;
    client.socket.destroy();
    onward?.destroy();
  });
}
