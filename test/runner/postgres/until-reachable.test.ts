import { type AddressInfo, connect, createServer } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { untilReachable } from "../../../runner/postgres/until-reachable.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { makeWorld, sourceOn } from "./world.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

/** Stands before the server and turns the first `refused` connections away. */
const doorkeeper = async (refused: number) => {
  const seen = { connections: 0 };
  const door = createServer((client) => {
    client.on("error", () => undefined);
    seen.connections += 1;
    if (seen.connections <= refused) return client.destroy();
    const upstream = connect(server.port, server.host);
    upstream.on("error", () => client.destroy());
    client.pipe(upstream).pipe(client);
    return undefined;
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void door.close());
  return { seen, port: (door.address() as AddressInfo).port };
};

test("a server that is only just starting is waited for", async () => {
  const { seen, port } = await doorkeeper(3);
  const source = sourceOn(server, "app", { host: "127.0.0.1", port, tls: { mode: "disable" } });
  await untilReachable(makeWorld({ postgres: server.password }).context, source, ["app"]);
  expect(seen.connections).toBe(4);
});

test("a wrong password is not asked for again", async () => {
  const { seen, port } = await doorkeeper(0);
  const source = sourceOn(server, "app", { host: "127.0.0.1", port, tls: { mode: "disable" } });
  const { context } = makeWorld({ postgres: "wrong" });
  await expect(untilReachable(context, source, ["app"])).rejects.toMatchObject({ code: "bad-credentials" });
  expect(seen.connections).toBe(1);
});
