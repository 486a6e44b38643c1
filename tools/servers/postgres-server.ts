import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { onFreePort } from "./free-port.ts";
import { type OrdinaryUser, ordinaryUser } from "./ordinary-user.ts";
import { makeServerCertificate } from "./server-certificate.ts";
import { tools } from "./tools.ts";
import { startWatched } from "./watched-process.ts";

const run = promisify(execFile);

export interface PostgresServerOptions {
  /** Speak TLS too, with a certificate for `localhost` and 127.0.0.1. Default false. */
  readonly tls?: boolean;
  /** More server settings. Default: no fsync, which makes tests fast and a measured throughput a lie. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * An existing empty directory of the caller's, or one that an earlier server left, to start again on its data.
   * It stays when the server stops. Default: a temporary one that does not.
   */
  readonly directory?: string;
  /** The superuser's password. Default: a random one. Give the old one when starting again. */
  readonly password?: string;
}

/** A real PostgreSQL on a loopback port of its own, with scram passwords, that ends with this process. */
export interface PostgresServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The superuser. */
  readonly user: "postgres";
  readonly password: string;
  /** The folder of this server's programs. */
  readonly bin: string;
  readonly directory: string;
  readonly dataDirectory: string;
  /** The authority of the server's certificate, with `tls`. */
  readonly caFile: string | undefined;
  /** The postmaster. */
  readonly pid: number;
  /** The superuser's URL of a database (default `postgres`), without TLS. */
  url(database?: string): string;
  /** `PG*` variables for the client programs; password included. */
  env(database?: string): Record<string, string>;
  log(): string;
  stop(): Promise<void>;
}

export function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  return onFreePort((port) => startOn(port, options));
}

async function startOn(port: number, options: PostgresServerOptions): Promise<PostgresServer> {
  const password = options.password ?? randomBytes(16).toString("hex");
  const user = ordinaryUser();
  const directory = options.directory ?? (await mkdtemp(path.join(tmpdir(), "restorable-postgres-")));
  try {
    if (user) await chown(directory, user.uid, user.gid);
    if (!existsSync(path.join(directory, "data"))) await initialise(directory, password, user);
    if (options.tls) await installCertificate(directory, user);
    return await start(port, directory, password, user, options);
  } catch (error) {
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function initialise(directory: string, password: string, user: OrdinaryUser | undefined): Promise<void> {
  const passwordFile = path.join(directory, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) await chown(passwordFile, user.uid, user.gid);
  const args = ["--username=postgres", `--pwfile=${passwordFile}`, "--auth=scram-sha-256", "--no-sync"];
  await run(
    path.join(tools().postgresBin, "initdb"),
    [...args, "--encoding=UTF8", "--locale=C", "--pgdata", path.join(directory, "data")],
    { cwd: directory, ...user },
  );
  await rm(passwordFile);
}

/** PostgreSQL wants the key to belong to it and to be readable by nobody else. */
async function installCertificate(directory: string, user: OrdinaryUser | undefined): Promise<void> {
  if (existsSync(path.join(directory, "server.crt"))) return;
  const { keyFile } = await makeServerCertificate(directory);
  await chmod(keyFile, 0o600);
  if (user === undefined) return;
  for (const name of await readdir(directory)) await chown(path.join(directory, name), user.uid, user.gid);
}

function serverArguments(directory: string, port: number, options: PostgresServerOptions): string[] {
  const tls: Record<string, string> = options.tls
    ? {
        ssl: "on",
        ssl_cert_file: path.join(directory, "server.crt"),
        ssl_key_file: path.join(directory, "server.key"),
      }
    : {};
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    lc_messages: "C",
    fsync: "off",
    ...tls,
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function start(
  port: number,
  directory: string,
  password: string,
  user: OrdinaryUser | undefined,
  options: PostgresServerOptions,
): Promise<PostgresServer> {
  const bin = tools().postgresBin;
  const dataDirectory = path.join(directory, "data");
  const server = await startWatched({
    program: path.join(bin, "postgres"),
    args: ["-D", dataDirectory, ...serverArguments(directory, port, options)],
    cwd: directory,
    user,
    log: path.join(directory, `server-${port}.log`),
    // A fast shutdown: open sessions are ended.
    signal: "INT",
    removeFolder: options.directory === undefined ? directory : undefined,
  });
  try {
    // Its own words, and not an answer on the port: that could be another server's.
    await server.ready(() => server.log().includes("database system is ready to accept connections"));
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    bin,
    directory,
    dataDirectory,
    caFile: options.tls ? path.join(directory, "ca.crt") : undefined,
    pid: server.pid,
    url: (database = "postgres") => `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    env: (database = "postgres") => ({
      PGHOST: "127.0.0.1",
      PGPORT: String(port),
      PGUSER: "postgres",
      PGPASSWORD: password,
      PGDATABASE: database,
    }),
    log: server.log,
    stop: server.stop,
  };
}
