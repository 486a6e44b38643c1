import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkDatabase, clientEnv, withSession } from "../../../runner/postgres/connect.ts";
import { exitCode, type Login, type PostgresSource, type Tls } from "../../../spec/index.ts";
import { makeServerCertificate } from "../../../tools/servers/server-certificate.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { makeTempDir, removeTempDir, tempDir } from "../../support/temp-dir.ts";
import { failure, loginOf, makeWorld, sourceOn, sql, type World } from "./world.ts";

let server: PostgresServer;
let plain: PostgresServer;
let world: World;
let elsewhere: string;

beforeAll(async () => {
  // The certificate is for localhost and 127.0.0.1; the second address stands for a wrong host.
  server = await startPostgres({ tls: true, settings: { listen_addresses: "127.0.0.1,127.0.0.2" } });
  plain = await startPostgres();
  elsewhere = await makeTempDir("other-ca");
  await makeServerCertificate(elsewhere);
  await chmod(server.directory, 0o755);
  world = makeWorld({ postgres: server.password, wrong: "not-the-password", weak: "weak", plain: plain.password });
  await sql(
    server,
    "postgres",
    "CREATE ROLE weak LOGIN PASSWORD 'weak'",
    "CREATE DATABASE closed",
    "CREATE DATABASE shut",
  );
  await sql(
    server,
    "postgres",
    "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
    "ALTER DATABASE shut ALLOW_CONNECTIONS false",
  );
});
afterAll(async () => {
  await server?.stop();
  await plain?.stop();
  await removeTempDir(elsewhere);
});

const ca = () => server.caFile as string;
const usesTls = (source: PostgresSource, login: Login = source.login) =>
  withSession(world.context, source, login, source.database, async (session) => {
    const { rows } = await session.query(
      "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()",
    );
    return rows[0]?.ssl as boolean;
  });

describe("TLS as libpq means it", () => {
  it.each<[Tls, string, boolean]>([
    [{ mode: "disable" }, "127.0.0.1", false],
    [{ mode: "prefer" }, "127.0.0.1", true],
    [{ mode: "require" }, "127.0.0.2", true],
  ])("%j at %s", async (tls, host, encrypted) => {
    expect(await usesTls(sourceOn(server, "postgres", { tls, host }))).toBe(encrypted);
  });

  it("prefer goes without where the server has none; require does not", async () => {
    const login: Login = { user: "postgres", password: { kind: "env", name: "plain" } };
    expect(await usesTls(sourceOn(plain, "postgres", { login, tls: { mode: "prefer" } }))).toBe(false);
    const refused = await failure(usesTls(sourceOn(plain, "postgres", { login, tls: { mode: "require" } })));
    expect(refused.code).toBe("untrusted-server");
  });

  it("verify-full accepts the right host by address and by name", async () => {
    const tls: Tls = { mode: "verify-full", ca: ca() };
    expect(await usesTls(sourceOn(server, "postgres", { tls }))).toBe(true);
    expect(await usesTls(sourceOn(server, "postgres", { tls, host: "localhost" }))).toBe(true);
  });

  it("verify-full refuses another host, which verify-ca accepts", async () => {
    const host = "127.0.0.2";
    const refused = await failure(
      usesTls(sourceOn(server, "postgres", { tls: { mode: "verify-full", ca: ca() }, host })),
    );
    expect(refused.code).toBe("untrusted-server");
    expect(refused.fact).toContain("127.0.0.2");
    expect(await usesTls(sourceOn(server, "postgres", { tls: { mode: "verify-ca", ca: ca() }, host }))).toBe(true);
  });

  it.each(["verify-ca", "verify-full"] as const)("%s refuses a certificate of another authority", async (mode) => {
    const tls: Tls = { mode, ca: path.join(elsewhere, "ca.crt") };
    expect((await failure(usesTls(sourceOn(server, "postgres", { tls })))).code).toBe("untrusted-server");
  });

  it("says which CA file it cannot read", async () => {
    const refused = await failure(
      usesTls(sourceOn(server, "postgres", { tls: { mode: "verify-ca", ca: "/nowhere/ca" } })),
    );
    expect(refused).toMatchObject({ code: "bad-config", fact: expect.stringContaining("/nowhere/ca") });
    const empty = path.join(await tempDir(), "empty.crt");
    await writeFile(empty, "");
    const tls: Tls = { mode: "verify-full", ca: empty };
    expect((await failure(usesTls(sourceOn(server, "postgres", { tls })))).code).toBe("untrusted-server");
  });
});

describe("failures to connect", () => {
  const at = (source: PostgresSource) => failure(checkDatabase(world.context, source, source.login));

  it.each([
    [
      "a wrong password",
      () => sourceOn(server, "postgres", { login: { user: "postgres", password: { kind: "env", name: "wrong" } } }),
      "bad-credentials",
      5,
    ],
    ["no password", () => sourceOn(server, "postgres", { login: { user: "postgres" } }), "bad-credentials", 5],
    [
      "an unknown role",
      () => sourceOn(server, "postgres", { login: { user: "nobody", password: { kind: "env", name: "wrong" } } }),
      "bad-credentials",
      5,
    ],
    ["an unknown database", () => sourceOn(server, "no such db"), "missing-database", 6],
    ["a closed port", () => sourceOn(server, "postgres", { port: 1 }), "database-unreachable", 4],
    [
      "an unknown host",
      () => sourceOn(server, "postgres", { host: "no-such-host.invalid" }),
      "database-unreachable",
      4,
    ],
    ["no right to connect", () => sourceOn(server, "closed", { login: loginOf("weak") }), "too-few-rights", 5],
    ["a database that lets nobody in", () => sourceOn(server, "shut"), "database-unreachable", 4],
  ] as const)("%s", async (_what, source, code, exit) => {
    const error = await at(source());
    const { host, port, database, login } = source();
    expect(error.code).toBe(code);
    expect(exitCode(error)).toBe(exit);
    expect(error.fact).toContain(`database '${database}' at ${host}:${port} as user '${login.user}'`);
    for (const secret of Object.values(world.secrets).filter((text) => text.length > 8)) {
      expect(error.message).not.toContain(secret);
    }
  });
});

describe("a session", () => {
  it("finds nothing by an unqualified name and is never timed out by the server", async () => {
    await sql(
      server,
      "postgres",
      "ALTER ROLE weak SET statement_timeout = '1s'",
      "ALTER ROLE weak SET search_path = public",
    );
    const source = sourceOn(server, "postgres", { login: loginOf("weak") });
    const settings = await withSession(world.context, source, source.login, "postgres", async (session) => {
      const { rows } = await session.query(
        "SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout, current_setting('application_name') AS name",
      );
      return rows[0];
    });
    expect(settings).toEqual({ path: "", timeout: "0", name: "restorable" });
  });

  it("gives libpq's programs the same place, with the password in the environment only", () => {
    const source = sourceOn(server, "a b", { tls: { mode: "verify-full", ca: "/ca" } });
    expect(clientEnv(world.context, source, source.login)).toMatchObject({
      PGHOST: "127.0.0.1",
      PGPORT: String(server.port),
      PGUSER: "postgres",
      PGDATABASE: "a b",
      PGPASSWORD: server.password,
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: "/ca",
      PGAPPNAME: "restorable",
    });
  });
});
