import type { AddressInfo } from "node:net";
import { connect, type Socket } from "node:net";
import { createServer } from "node:tls";

export interface TlsFront {
  readonly port: number;
  close(): void;
}

/** The same server behind TLS, on a free port of an address. Default 127.0.0.1. */
export async function startTlsFront(
  target: string,
  { cert, key }: { readonly cert: Buffer; readonly key: Buffer },
  address = "127.0.0.1",
): Promise<TlsFront> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer({ cert, key }, (client) => {
    const upstream = connect(Number(port), hostname);
    sockets.add(client).add(upstream);
    client.on("error", () => upstream.destroy()).pipe(upstream);
    upstream.on("error", () => client.destroy()).pipe(client);
    client.on("close", () => sockets.delete(client));
    upstream.on("close", () => sockets.delete(upstream));
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
