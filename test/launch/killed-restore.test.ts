import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  canonicalJson,
  type Plan,
  parse,
  quiesce as quiesceSchema,
  RESTORE_STEPS,
  type RestoreRecord,
  restoreRecord,
} from "../../spec/index.ts";
import { compileCache } from "../../tools/servers/pulumi-environment.ts";
import { checkout, tools } from "../../tools/servers/tools.ts";
import { backupOf, makeWorld, type World } from "../runner/world.ts";

/** Everything but the end. `verified` belongs to restores in place. */
const KILLED_AT = RESTORE_STEPS.filter((step) => step !== "finished" && step !== "verified");

describe("launcher and runner killed together, around a real application · postgres, versitygw", () => {
  let world: World;
  let plan: Plan;
  let state: string;

  beforeAll(async () => {
    world = await makeWorld();
    state = path.join(world.directory, "app");
    await mkdir(state);
    await world.sql(
      "app",
      "CREATE TABLE upload (id bigint GENERATED ALWAYS AS IDENTITY, file text); CREATE TABLE version AS SELECT 'old' AS name",
    );
    await writeFile(path.join(world.files, "version"), "old");
    const connection = {
      host: "127.0.0.1",
      port: world.postgres.port,
      user: "postgres",
      password: world.postgres.password,
      database: "app",
    };
    await writeFile(path.join(state, "app.json"), JSON.stringify({ connection, directory: world.files }));
    const quiesce = parse(
      quiesceSchema,
      { stop: [app("stop")], start: [app("start")], probe: app("probe"), timeoutSeconds: 30 },
      "quiesce",
    );
    plan = { ...world.plan, quiesce };
    await backupOf(world, plan);
  });
  afterAll(async () => {
    await runApp("stop");
    await world.close();
  });

  test.each(KILLED_AT)(
    "[core.6] kill -9 at '%s': the same request again completes or undoes, and the application runs on old or new data, never mixed",
    async (step) => {
      await world.sql("app", "UPDATE version SET name = 'live'");
      await writeFile(path.join(world.files, "version"), "live");
      await runApp("start");
      const id = `killed-at-${step}`;
      const first = launch(id);
      await killedAt(first, id, step);

      const record = await recordOf(launch(id));
      expect(record.id).toBe(id);
      await runApp("probe");
      expect(isRunning()).toBe(true);
      const [database, files] = await versions();
      expect(database).toBe(files);
      expect(database).toBe(record.ok ? "old" : "live");
      expect(await rowsWithoutFile()).toEqual([]);
      // Asked for once more, it only repeats what it said.
      expect(await recordOf(launch(id))).toEqual(record);
    },
  );

  const app = (command: string): string[] => [
    process.execPath,
    path.join(checkout, "tools/demo/app.ts"),
    command,
    state,
  ];
  const runApp = async (command: string) => {
    const [file = "", ...args] = app(command);
    await execa(file, args);
  };

  /** The launcher as a Command starts it. */
  function launch(id: string): ChildProcess {
    const request = { id, point: "latest", into: { replace: {} }, confirm: "backups/test-prod/app" };
    const spec = {
      kind: "restore",
      version: 1,
      plan,
      from: { repository: plan.repository, plan: plan.name },
      request,
      requestDigest: createHash("sha256").update(canonicalJson(request)).digest("hex"),
      identity: { kind: "env", name: "RESTORABLE_IDENTITY" },
    };
    const { age, postgresBin } = tools();
    const PATH = [path.dirname(age), postgresBin, process.env.PATH].join(path.delimiter);
    const env = {
      PATH,
      HOME: process.env.HOME,
      NODE_COMPILE_CACHE: compileCache,
      ...world.secrets,
      RESTORABLE_IDENTITY: world.operatorKey,
    };
    const child = spawn(process.execPath, [path.join(checkout, "launch/main.ts")], {
      env,
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin?.end(JSON.stringify(spec));
    return child;
  }

  /** Kills launcher and runner as soon as the journal says that a step is reached. */
  async function killedAt(launcher: ChildProcess, id: string, step: string): Promise<void> {
    const file = path.join(world.directory, "ledger/prod/app/restores", `${id}.json`);
    while (launcher.exitCode === null && position(stepIn(file)) < position(step))
      await new Promise((resolve) => setTimeout(resolve, 5));
    for (const pid of [launcher.pid ?? -1, ...runnersOf(launcher.pid ?? -1)]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it had ended
      }
    }
    await new Promise((resolve) =>
      launcher.exitCode === null && launcher.signalCode === null ? launcher.once("close", resolve) : resolve(undefined),
    );
    expect(launcher.signalCode).toBe("SIGKILL");
  }

  async function recordOf(launcher: ChildProcess): Promise<RestoreRecord> {
    if (!launcher.stdout) throw new Error("no stdout");
    return restoreRecord.parse(JSON.parse(await text(launcher.stdout)));
  }

  const isRunning = (): boolean => {
    try {
      process.kill(Number(readFileSync(path.join(state, "app.pid"), "utf8")), 0);
      return true;
    } catch {
      return false;
    }
  };

  async function versions(): Promise<[string, string]> {
    const { rows } = await world.sql("app", "SELECT name FROM version");
    return [rows[0].name, await readFile(path.join(world.files, "version"), "utf8")];
  }

  async function rowsWithoutFile(): Promise<string[]> {
    const { rows } = await world.sql("app", "SELECT file FROM upload");
    const there = new Set(
      readdirSync(world.files).includes("uploads") ? readdirSync(path.join(world.files, "uploads")) : [],
    );
    return rows.map(({ file }) => file).filter((file) => !there.has(file));
  }
});

const position = (step: string | undefined): number => RESTORE_STEPS.indexOf(step as (typeof RESTORE_STEPS)[number]);

function stepIn(file: string): string | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")).step;
  } catch {
    return undefined; // not there yet
  }
}

/** The children of a process and theirs; the application that it started has no parent any more. */
function runnersOf(pid: number): number[] {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
  return children.flatMap((child) => [child, ...runnersOf(child)]);
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]);
  } catch {
    return undefined;
  }
}
