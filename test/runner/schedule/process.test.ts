import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Plan, type ResultOf, schedulerState } from "../../../spec/index.ts";
import { checkout, tools } from "../../../tools/servers/tools.ts";
import { waitFor } from "../../support/wait-for.ts";
import { makeWorld, succeeded, type World } from "../world.ts";

describe("`runner schedule` as a process · postgres, versitygw", () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld();
    await world.sql("app", "CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n");
    await writeFile(path.join(world.files, "a"), "a");
  });
  afterAll(() => world?.close());

  const points = async (): Promise<ResultOf<"catalog">["points"]> => {
    const { repository, name } = world.plan;
    const job = { kind: "catalog", version: 1, repository, plan: name, unverified: false } as const;
    return succeeded(await world.run(job), "catalog").points;
  };

  test("it takes points by the clock, says so in its state, and ends with 0 when it is told to, job and all", async () => {
    const scheduler = await start("fired", { cron: "*/2 * * * * *" });
    const state = async () => schedulerState.parse(JSON.parse(await readFile(scheduler.state, "utf8")));
    await waitFor("two runs that ended well", async () => (await points()).length >= 2, { seconds: 240, every: 1000 });
    await waitFor("its state", async () => (await state()).last?.ok, { seconds: 60 });
    await waitFor("a run", async () => (await state()).running !== undefined, { seconds: 120 });
    const { code, stdout, stderr } = await scheduler.stop();
    expect(code, stderr).toBe(0);
    const results = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string; ok: boolean });
    expect(results.filter(({ kind, ok }) => ok && kind === "backup").length).toBeGreaterThanOrEqual(2);
    for (const line of stderr.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("type");
    for (const secret of Object.values(world.secrets)) expect(`${stdout}${stderr}`).not.toContain(secret);
    // The lease is free again: what ran was told to stop, and not killed.
    succeeded(await world.run({ kind: "backup", version: 1, plan: world.plan }), "backup");
  });

  test("what it cannot do it says before it begins", async () => {
    const scheduler = await start("refused", { cron: "@daily" }, { S3_ID: "x" });
    const { code, stdout } = await scheduler.ended;
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "schedule",
      error: { code: "missing-secret", fact: expect.stringContaining("PG_PASSWORD") },
    });
  });

  /** A scheduler of the world's plan, with files of its own. */
  async function start(
    name: string,
    { cron }: { readonly cron: string },
    secrets: Readonly<Record<string, string>> = world.secrets,
  ) {
    const folder = path.join(world.directory, name);
    const at = (file: string) => path.join(folder, file);
    await mkdir(folder);
    const plan: Plan = { ...world.plan, schedule: { kind: "cron", cron, timeZone: "UTC" } };
    await writeFile(at("schedule.json"), JSON.stringify({ version: 1, plan }));
    await writeFile(at("secrets.json"), JSON.stringify({ secrets }));
    const { postgresBin, age } = tools();
    const args = [
      "schedule",
      "--file",
      at("schedule.json"),
      "--secrets",
      at("secrets.json"),
      "--state",
      at("state.json"),
    ];
    const child = spawn(process.execPath, [path.join(checkout, "runner/main.ts"), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: [path.dirname(age), postgresBin, process.env.PATH].join(path.delimiter), HOME: process.env.HOME },
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
    const stop = () => {
      child.kill("SIGTERM");
      return ended;
    };
    return { state: at("state.json"), ended, stop };
  }
});
