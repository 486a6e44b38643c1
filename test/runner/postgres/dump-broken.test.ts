import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoreStream } from "../../../runner/artifact/store-stream.ts";
import { dumpPostgres } from "../../../runner/postgres/dump.ts";
import { exitCode } from "../../../spec/index.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { waitFor } from "../../support/wait-for.ts";
import { failure, fileStore, loginOf, makeWorld, small, sourceOn, sql, value, type World } from "./world.ts";

let server: PostgresServer;
let world: World;

beforeAll(async () => {
  server = await startPostgres();
  world = makeWorld({ postgres: server.password, app: "app", reader: "reader-password" });
  await sql(server, "postgres", "CREATE ROLE reader LOGIN PASSWORD 'reader-password'");
  await small(server, "large", "INSERT INTO t SELECT generate_series(1, 500000)"); // more than all pipes hold
});
afterAll(() => server?.stop());

/** The process of ours with this argument. */
async function processOf(argument: string): Promise<number | undefined> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [line, stat] = await Promise.all(
      ["cmdline", "stat"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
    );
    const parent = Number(/\) \S (\d+)/.exec(stat ?? "")?.[1]);
    if (parent === process.pid && line?.split("\0").includes(argument)) return Number(pid);
  }
  return undefined;
}

describe("a dump that breaks", () => {
  it.each([
    ["counted in its snapshot", 20 * 1024 ** 3],
    ["counted from its stream", 0],
  ])("says so in pg_dump's own words, %s", async (how, countFromStreamAbove) => {
    const name = `broken ${how}`;
    await small(server, name, "SELECT lo_from_bytea(1, 'x')", "GRANT SELECT ON t TO reader");
    const source = sourceOn(server, name, { login: loginOf("reader"), countFromStreamAbove });
    const error = await failure(dumpPostgres(world.context, source, fileStore(world.context, await tempDir())));
    expect(error).toMatchObject({
      code: "too-few-rights",
      fact: expect.stringMatching(/pg_dump of .* permission denied/),
    });
  });

  it("[core.7] when pg_dump's session is ended", async () => {
    const store = fileStore(world.context, await tempDir(), () =>
      waitFor("pg_dump's session", async () => {
        const ended =
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'large' AND query LIKE 'COPY %'";
        return (await value(server, "postgres", ended)) !== "0";
      }),
    );
    const error = await failure(dumpPostgres(world.context, sourceOn(server, "large"), store));
    expect(error).toMatchObject({ code: "process-failed", fact: expect.stringMatching(/pg_dump of .*terminat/) });
    expect(exitCode(error)).toBe(8);
  });

  it("[core.7] when the process that counts its stream dies", async () => {
    const store = fileStore(world.context, await tempDir(), () =>
      waitFor("the counting pg_restore", async () => {
        const pid = await processOf("--data-only");
        return pid !== undefined && process.kill(pid, "SIGKILL");
      }),
    );
    const source = sourceOn(server, "large", { countFromStreamAbove: 0 });
    const error = await failure(dumpPostgres(world.context, source, store));
    expect(error).toMatchObject({ code: "process-failed", fact: expect.stringMatching(/pg_restore .*SIGKILL/) });
  });

  it("when its stream cannot even begin to be stored; nothing waits for it", async () => {
    await small(server, "unstored");
    const source = sourceOn(server, "unstored", { countFromStreamAbove: 0 });
    const refusing: StoreStream = () => Promise.reject(new Error("no store"));
    await expect(dumpPostgres(world.context, source, refusing)).rejects.toThrow("no store");
  });

  it("when it holds its snapshot for longer than the plan allows", async () => {
    await small(server, "slow");
    const source = sourceOn(server, "slow", { maxSnapshotHours: 1 / 3_600_000 });
    const endless: StoreStream = ({ signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const error = await failure(dumpPostgres(world.context, source, endless));
    expect(error).toMatchObject({ code: "process-failed", hint: expect.stringContaining("maxSnapshotHours") });
  });

  it("when the job is told to stop; its session ends", async () => {
    await small(server, "stopped");
    const stop = new AbortController();
    const { context } = makeWorld(world.secrets, stop.signal);
    const endless: StoreStream = () =>
      new Promise((_resolve, reject) => {
        stop.signal.addEventListener("abort", () => reject(stop.signal.reason));
        stop.abort(new Error("told to stop"));
      });
    await expect(dumpPostgres(context, sourceOn(server, "stopped"), endless)).rejects.toThrow("told to stop");
    await waitFor("no session left", async () => {
      const open = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'stopped'";
      return (await value(server, "postgres", open)) === "0";
    });
  });
});
