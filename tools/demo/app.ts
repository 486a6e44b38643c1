/**
 * The demo's application: it writes a file and then a row that names it, all the time, until it is stopped.
 *
 *   node app.ts start|stop|probe STATE-DIRECTORY
 *
 * STATE-DIRECTORY holds `app.json` (what to connect to), `app.pid` while it runs, and `app.log`. The stack's quiesce
 * calls these three; each may be called twice.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

interface AppConfig {
  readonly connection: pg.ClientConfig;
  readonly directory: string;
}

const [command, state = "."] = process.argv.slice(2);
const pidFile = path.join(state, "app.pid");
const config = (): AppConfig => JSON.parse(readFileSync(path.join(state, "app.json"), "utf8"));

const runningPid = (): number | undefined => {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
};

const start = (): void => {
  if (runningPid() !== undefined) return;
  const log = openSync(path.join(state, "app.log"), "a");
  const child = spawn(process.execPath, [import.meta.filename, "run", state], {
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  writeFileSync(pidFile, String(child.pid));
  child.unref();
};

const stop = async (): Promise<void> => {
  const pid = runningPid();
  if (pid === undefined) return;
  process.kill(pid, "SIGTERM");
  while (runningPid() !== undefined) await sleep(20);
  rmSync(pidFile, { force: true });
};

/** Answers only when the database answers and both sides hold something. */
const probe = async (): Promise<void> => {
  const client = new pg.Client(config().connection);
  await client.connect();
  await client.query("SELECT count(*) FROM upload");
  await client.end();
};

const run = async (): Promise<void> => {
  let goesOn = true;
  process.on("SIGTERM", () => {
    goesOn = false;
  });
  const { connection, directory } = config();
  for (let n = 0; goesOn; n += 1) {
    try {
      await upload(connection, directory, `${Date.now()}-${n}.txt`);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
    await sleep(100);
  }
};

/** File first, then row: a row always has its file. */
const upload = async (connection: pg.ClientConfig, directory: string, file: string): Promise<void> => {
  const uploads = path.join(directory, "uploads");
  await mkdir(uploads, { recursive: true });
  await writeFile(path.join(uploads, `.${file}.part`), `uploaded ${file}\n`);
  await rename(path.join(uploads, `.${file}.part`), path.join(uploads, file));
  const client = new pg.Client(connection);
  await client.connect();
  try {
    await client.query("INSERT INTO upload (file) VALUES ($1)", [file]);
  } finally {
    await client.end();
  }
};

switch (command) {
  case "start":
    start();
    break;
  case "stop":
    await stop();
    break;
  case "probe":
    await probe();
    break;
  case "run":
    await run();
    break;
  default:
    throw new Error("usage: app.ts start|stop|probe STATE-DIRECTORY");
}
