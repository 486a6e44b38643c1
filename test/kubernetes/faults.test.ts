import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERROR_CODES, type Plan, type Quiesce, type ResultOf } from "../../spec/index.ts";
import { launched, launchOf, saidBy, startLauncher } from "../docker/support/launches.ts";
import { s3Location } from "../runner/world.ts";
import { type CountingProxy, startCountingProxy, type Verdict } from "../support/counting-proxy.ts";
import { waitFor } from "../support/wait-for.ts";
import { HOST_ADDRESS } from "./support/kubectl.ts";
import { ClusterNode } from "./support/node.ts";
import { ClusterWorld } from "./support/world.ts";

const ROWS = "SELECT count(*), md5(string_agg(text, ',' ORDER BY n)) FROM t";
const UP = { replicas: 2, ready: 2, noted: false };
const MIB = 1024 * 1024;

describe("faults of jobs in a cluster · Kubernetes, postgres 17, versitygw", () => {
  let world: ClusterWorld;
  let node: ClusterNode;
  let plan: Plan;
  let rows: string;

  beforeAll(async () => {
    world = await ClusterWorld.make("faults");
    plan = world.plan;
    await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
    await world.inFiles('fs.writeFileSync("/data/a", "a")');
    rows = await world.sql("app", ROWS);
    node = await ClusterNode.of(world.namespace);
  });
  afterAll(async () => {
    await node?.close();
    await world?.close();
  });

  const points = async (of = plan): Promise<readonly string[]> => {
    const { stdout } = await world.cli(of, "list", "--json");
    return (JSON.parse(stdout) as ResultOf<"catalog">).points.map(({ id }) => id);
  };
  const backup = async (of = plan): Promise<string> => {
    const { stdout, all } = await world.cli(of, "backup", "--json");
    const result = JSON.parse(stdout);
    expect(result, all).toMatchObject({ ok: true });
    return result.manifest.id;
  };
  const jobs = () => world.kubectl("get", "jobs", "--selector", "restorable.stack", "--output", "name");
  /** What the work of a dump waits for, so that it is certainly in its middle. */
  const whileLocked = async <T>(act: () => Promise<T>): Promise<T> => {
    const locked = world.sql("app", "BEGIN; LOCK t; SELECT pg_sleep(600)").catch(() => undefined);
    try {
      return await act();
    } finally {
      const ours = "query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()";
      await world.sql("postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ours}`);
      await locked;
    }
  };
  const dumping = () =>
    waitFor(
      "a dump that waits",
      async () => {
        const waits = "wait_event_type = 'Lock' AND application_name <> 'psql'";
        return (await world.sql("app", `SELECT pid FROM pg_stat_activity WHERE ${waits}`)) !== "";
      },
      { seconds: 60, every: 200 },
    );

  test("Ctrl-C tells the job to stop and says so; nothing of it stays, and no half point", async () => {
    const before = await points();
    const ended = await whileLocked(async () => {
      const running = world.cli(plan, "backup", "--json");
      await dumping();
      running.kill("SIGINT");
      return running;
    });
    expect(ended.stderr).toMatch(/SIGINT: going to a safe state first; job backup-\S+ is told to stop/);
    expect([ended.exitCode, JSON.parse(ended.stdout).error?.code]).toEqual([
      ERROR_CODES.interrupted.exit,
      "interrupted",
    ]);
    expect([await jobs(), await points()]).toEqual(["", before]);
  });

  test("whoever leaves at the second Ctrl-C reads how to follow the job and how to stop it, and that works", async () => {
    const before = await points();
    await whileLocked(async () => {
      const running = world.cli(plan, "backup", "--json");
      await dumping();
      running.kill("SIGINT");
      await saidBy(running, /is told to stop/);
      running.kill("SIGINT");
      const { stderr, exitCode } = await running;
      expect(exitCode).toBe(130);
      const [, id] = /Follow it with: restorable attach (\S+)\./.exec(stderr) ?? [];
      const [, stop = ""] = /with: kubectl (--namespace .*)$/m.exec(stderr) ?? [];
      expect(stop).toBe(
        `--namespace ${world.namespace} delete job restorable-${id} --cascade=foreground --ignore-not-found`,
      );
      await execa(process.env.RESTORABLE_KUBECTL ?? "kubectl", stop.split(" "));
      expect(await jobs()).toBe("");
    });
    expect(await points()).toEqual(before);
  });

  test("a second restore at once is refused by name, and the first one comes to its end", async () => {
    const point = await backup();
    const start = (id: string, of = plan) => startLauncher(world, launchOf(of, { id, point, into: { replace: {} } }));
    const first = start("first", { ...plan, quiesce: { ...(plan.quiesce as Quiesce), quietSeconds: 1 } });
    await saidBy(first, /watching for 1 s/);
    first.kill("SIGSTOP");
    const second = await launched(start("second"));
    expect(second).toMatchObject({ ok: false, error: { code: "busy" } });
    expect(second.error?.fact).toMatch(/^restore 'first' onto .* has not ended: it is at step 'quiescing'$/);
    expect(second.error?.hint).toMatch(/wait for its end, or.*`restorable resume first`.*nothing was touched/);
    first.kill("SIGCONT");
    expect((await launched(first)).error).toBeUndefined();
    expect(await world.scale("deployment/app")).toEqual(UP);
    expect(await world.sql("app", ROWS)).toBe(rows);
  });

  describe("claims that are full", () => {
    let small: Plan;
    /** Between the jobs and the store. */
    let line: CountingProxy;

    beforeAll(async () => {
      line = await startCountingProxy(await world.storeEndpoint(), HOST_ADDRESS);
      await node.smallClaim("small-files", 48);
      await node.smallClaim("small-ledger", 8);
      await world.writerPod("small-0", { "/data": "small-files", "/ledger": "small-ledger" });
      const { target, sources, repository } = world.plan;
      if (target.kind !== "kubernetes") throw new Error("a plan in a cluster");
      small = world.planWith({
        name: "small",
        target: { ...target, ledger: "small-ledger" },
        repository: { ...repository, location: s3Location(line.endpoint) },
        sources: sources.map((source) =>
          source.kind === "files" ? { ...source, mount: { kind: "claim", name: "small-files" } } : source,
        ),
      });
      await inSmall(`fs.writeFileSync("/data/a", require("node:crypto").randomBytes(${16 * MIB}))`);
      await backup(small);
    });
    afterAll(() => line?.close());

    const inSmall = (script: string) => world.kubectl("exec", "small-0", "--", "node", "--eval", script);
    const restored = (id: string, sources: readonly string[]) =>
      startLauncher(world, launchOf(small, { id, into: { replace: {} }, sources: [...sources] }));

    test("one that fills up while it is restored into: named, the application runs on its old data", async () => {
      await inSmall('fs.writeFileSync("/data/b", "newer")');
      // Somebody fills it once the copy beside is begun, before the store gives the first of its bytes.
      const fill = `
        if (fs.readdirSync("/data").some((name) => name.startsWith(".restorable-")))
          try { fs.writeFileSync("/data/filler", Buffer.alloc(${48 * MIB})) } catch {}`;
      line.judge = async ({ method, url }): Promise<Verdict> => {
        if (method === "GET" && url.includes("/artifacts/")) await inSmall(fill);
        return "pass";
      };
      const record = await launched(restored("full-1", ["files"]));
      line.judge = () => "pass";
      expect(record).toMatchObject({ ok: false, error: { code: "no-room" } });
      expect(record.error?.fact).toContain("/sources/files");
      expect(record.downtimeSeconds).toBe(0);
      expect(await world.scale("deployment/app")).toEqual(UP);
      expect(await inSmall('console.log(fs.readdirSync("/data").join())')).toBe("a,b,filler");

      await inSmall('fs.rmSync("/data/filler")');
      expect((await launched(restored("full-2", ["files"]))).error).toBeUndefined();
      expect(await inSmall('console.log(fs.readdirSync("/data").filter((name) => name[0] !== ".").join())')).toBe("a");
      expect(await world.scale("deployment/app")).toEqual(UP);
    });

    test("a ledger that is full: named before anything is touched", async () => {
      await inSmall(`try { fs.writeFileSync("/ledger/filler", Buffer.alloc(${9 * MIB})) } catch {}`);
      const record = await launched(restored("ledger-1", ["db"]));
      expect(record).toMatchObject({ ok: false, error: { code: "no-room" } });
      expect(await world.scale("deployment/app")).toEqual(UP);
      expect(await world.sql("app", ROWS)).toBe(rows);
    });
  });
});
