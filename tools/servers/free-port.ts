import { createServer } from "node:net";

/** Thrown by a server's start when somebody else took the port first. */
export class PortTaken extends Error {}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

/** Starts a server on a free port; when another process was faster (`PortTaken`), on another one. */
export async function onFreePort<T>(start: (port: number) => Promise<T>, tries = 8): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === tries) throw error;
    }
  }
}
