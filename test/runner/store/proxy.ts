import { connect, createServer, type Socket } from "node:net";

/** What a bad network does to one connection. */
export interface Trouble {
  /** Cuts the connection after this many bytes of the server's answers on it. */
  readonly cutAfter?: number;
  /** Changes one byte of what the client sends, this far into the connection. */
  readonly flipAt?: number;
}

export interface BadNetwork {
  readonly endpoint: string;
  /** Connections so far that had trouble. */
  troubled(): number;
  stop(): Promise<void>;
}

/** A TCP proxy before a server; `trouble` says what happens to the n-th connection, from 0. `listen`: an address of this machine. */
export const startProxy = async (
  target: string,
  trouble: (connection: number) => Trouble | undefined,
  listen = "127.0.0.1",
): Promise<BadNetwork> => {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let [connections, troubled] = [0, 0];
  const server = createServer((client) => {
    const bad = trouble(connections);
    connections += 1;
    if (bad) troubled += 1;
    const upstream = connect(Number(port), hostname);
    let [sent, received] = [0, 0];
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      const at = (bad?.flipAt ?? -1) - sent;
      if (at >= 0 && at < chunk.length) chunk[at] = (chunk[at] ?? 0) ^ 1;
      sent += chunk.length;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      received += chunk.length;
      if (bad?.cutAfter !== undefined && received > bad.cutAfter) client.destroy();
      else client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, listen, resolve));
  const address = server.address() as { port: number };
  return {
    endpoint: `http://${listen}:${address.port}`,
    troubled: () => troubled,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
