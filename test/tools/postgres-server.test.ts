import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { type PostgresServer, type PostgresServerOptions, startPostgres } from "../support/postgres-server.ts";
import { tempDir } from "../support/temp-dir.ts";
import { checkout, tools } from "../support/tools.ts";
import { waitFor } from "../support/wait-for.ts";

async function newServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const server = await startPostgres(options);
  onTestFinished(() => server.stop());
  return server;
}

async function ask(connection: ConstructorParameters<typeof Client>[0], sql: string): Promise<unknown> {
  const client = new Client(connection);
  await client.connect();
  try {
    return Object.values((await client.query(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("PostgreSQL for tests · postgres", () => {
  test("three start side by side, each with its own port and password, and leave nothing", async () => {
    const servers = await Promise.all([newServer(), newServer(), newServer()]);
    expect(new Set(servers.map(({ port }) => port)).size).toBe(3);
    for (const server of servers) expect(await ask(server.url(), "select 1")).toBe(1);
    const wrong = ask({ connectionString: servers[0]?.url().replace(/:[0-9a-f]{32}@/, ":wrong@") ?? "" }, "select 1");
    await expect(wrong).rejects.toThrow(/password authentication failed/);
    for (const server of servers) {
      await server.stop();
      expect(alive(server.pid)).toBe(false);
      expect(existsSync(server.directory)).toBe(false);
    }
  });

  test("speaks TLS with a certificate that a client can verify in full", async () => {
    const server = await newServer({ tls: true });
    const psql = (host: string) =>
      new Promise<string>((resolve, reject) => {
        const env = {
          ...process.env,
          ...server.env(),
          PGHOST: host,
          PGSSLMODE: "verify-full",
          PGSSLROOTCERT: server.caFile,
        };
        const query = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
        execFile(path.join(server.bin, "psql"), ["-XAtc", query], { env }, (error, out) =>
          error ? reject(error) : resolve(out),
        );
      });
    expect(await psql("localhost")).toBe("t\n");
  });

  test("starts again on the data that an earlier server left", async () => {
    const directory = await tempDir("pgdata");
    const first = await startPostgres({ directory });
    await ask(first.url(), "create table kept as select 7 as n");
    await first.stop();
    const second = await newServer({ directory, password: first.password });
    expect(await ask(second.url(), "select n from kept")).toBe(7);
  });

  test("ends and leaves nothing when the process that started it is killed", async () => {
    const starter = path.join(checkout, "tools/servers/postgres-server.ts");
    const program = `
      import { startPostgres } from ${JSON.stringify(starter)};
      const { pid, directory } = await startPostgres();
      console.log(JSON.stringify({ pid, directory }));
      setInterval(() => {}, 1000);
    `;
    const child = spawn(tools().node, ["--input-type=module-typescript", "-e", program], {
      cwd: await tempDir("killed"),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(child.stdout, "data");
    const { pid, directory } = JSON.parse(String(line));
    expect(alive(pid)).toBe(true);
    child.kill("SIGKILL");
    await waitFor("the server to end", () => !alive(pid));
    await waitFor("its folder to go", () => !existsSync(directory));
  });

  test("a server that cannot start says why", async () => {
    await expect(startPostgres({ settings: { shared_buffers: "nonsense" } })).rejects.toThrow(/shared_buffers/);
  });
});
