import { createServer, request } from "node:http";
import { buffer } from "node:stream/consumers";

/** A store that keeps lifecycle rules: a real one behind it does all else, because the real one here has none. */
export interface LifecycleStandIn {
  readonly endpoint: string;
  /** The XML of each configuration that was put, oldest first. */
  readonly puts: string[];
  stop(): Promise<void>;
}

export const startLifecycleStandIn = async (target: string, initial?: string): Promise<LifecycleStandIn> => {
  const puts: string[] = [];
  const upstream = new URL(target);
  const server = createServer((incoming, outgoing) => {
    if (/[?&]lifecycle(=|&|$)/.test(incoming.url ?? "")) {
      if (incoming.method === "PUT") {
        void buffer(incoming).then((body) => {
          puts.push(body.toString());
          outgoing.end();
        });
        return;
      }
      const current = puts.at(-1) ?? initial;
      const none = "<Error><Code>NoSuchLifecycleConfiguration</Code><Message>none</Message></Error>";
      outgoing.writeHead(current ? 200 : 404, { "content-type": "application/xml" }).end(current ?? none);
      return;
    }
    const { method, url, headers } = incoming;
    const forward = request({ host: upstream.hostname, port: upstream.port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on("error", () => outgoing.destroy());
    incoming.pipe(forward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    puts,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
