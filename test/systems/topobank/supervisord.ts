// `supervisord.ts SOCKET PROGRAM ARGUMENT…`: one program under `autostart=true`, `autorestart=true`: when it ends by itself
// it is started again. It answers on a socket; `supervisorctl.ts` asks there.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

/** How long the program may take to end before it is killed; supervisor's default is 10 s. */
const STOP_WAIT_MS = 60_000;
const [socket = "", program = "", ...args] = process.argv.slice(2);
let wanted = false;
let child: ChildProcess | undefined;

const start = (): void => {
  wanted = true;
  if (child) return;
  const started = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  child = started;
  started.once("close", async () => {
    child = undefined;
    console.log(`the program ended; ${wanted ? "it is started again" : "it stays stopped"}`);
    if (!wanted) return;
    await pause(100);
    if (wanted) start();
  });
};

const stop = async (): Promise<void> => {
  wanted = false;
  const running = child;
  if (!running) return;
  const ended = once(running, "close");
  running.kill("SIGTERM");
  const kill = setTimeout(() => running.kill("SIGKILL"), STOP_WAIT_MS);
  await ended;
  clearTimeout(kill);
};

const answer = async (command: string): Promise<string> => {
  if (command === "start") start();
  else if (command === "stop") await stop();
  else if (command !== "status") return `ERROR (unknown command ${command})`;
  return child ? "RUNNING" : "STOPPED";
};

const server = createServer((connection) => {
  connection.on("error", () => undefined);
  createInterface({ input: connection }).once("line", async (command) => connection.end(`${await answer(command)}\n`));
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, async () => {
    await stop();
    process.exit(0);
  });
}
// Of one that was killed.
rmSync(socket, { force: true });
server.listen(socket, () => {
  start();
  console.log("supervisord started");
});
