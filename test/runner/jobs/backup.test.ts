import { readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Plan, type PostgresSource, parse, plan as planSchema, type Result } from "../../../spec/index.ts";
import { type CountingProxy, startCountingProxy, type Verdict } from "../../support/counting-proxy.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type RunnerRun, startRunner } from "../run-runner.ts";
import { backupOf, catalogOf, makeWorld, s3Location, succeeded, type World } from "../world.ts";

describe("backup · postgres, versitygw", () => {
  let world: World;

  beforeAll(async () => {
    world = await makeWorld({ database: `odd "name" with spaces` });
    await world.sql(
      database(),
      "CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n; CREATE TABLE big AS SELECT repeat(md5(n::text), 100) AS text FROM generate_series(1, 20000) n",
    );
    await writeFile(path.join(world.files, "a file"), "content");
  });
  afterAll(() => world.close());

  const database = () => `odd "name" with spaces`;

  test("a point names what it holds, and is signed", async () => {
    const manifest = await backupOf(world);
    const [db, files] = manifest.sources;
    expect(db).toMatchObject({ kind: "postgres", database: database(), rows: 21_000, countedBy: "snapshot" });
    expect(files).toMatchObject({ kind: "files", counts: { files: 1, bytes: 7 } });
    const { points } = await catalogOf(world);
    expect(points.at(-1)).toMatchObject({ id: manifest.id, signature: "valid", extraVersions: 0 });
  });

  test("rows are counted from the dump's own stream above a size, and the numbers are the same", async () => {
    const plan = changePostgres(world.plan, { countFromStreamAbove: 0 });
    const [db] = (await backupOf(world, plan)).sources;
    expect(db).toMatchObject({ countedBy: "stream", rows: 21_000 });
  });

  test("the second of two at once is told who holds the lease, and changes nothing", async () => {
    const { first, proxy, release } = await backupThatWaits();
    const second = await world.run({ kind: "backup", version: 1, plan: world.plan });
    release();
    const { result } = await first.ended;
    await proxy.close();
    expectFailure(second, "busy");
    expect(result?.ok).toBe(true);
  });

  test("SIGTERM ends it with exit code 130, leaves no half point and releases the lease", async () => {
    const before = (await catalogOf(world)).points.length;
    const { first, proxy } = await backupThatWaits();
    first.kill("SIGTERM");
    const { result, exit } = await first.ended;
    await proxy.close();
    expect(exit).toBe(130);
    expectFailure(result, "interrupted");
    expect((await catalogOf(world)).points).toHaveLength(before);
    succeeded(await world.run({ kind: "backup", version: 1, plan: world.plan }), "backup");
  });

  test.each<[string, Partial<PostgresSource>, Record<string, string>, string]>([
    ["a port where nobody listens", { port: 1 }, {}, "database-unreachable"],
    ["a host that does not exist", { host: "no-such-host.invalid" }, {}, "database-unreachable"],
    ["a wrong password", {}, { PG_PASSWORD: "wrong" }, "bad-credentials"],
    [
      "an unknown role",
      { login: { user: "nobody here", password: { kind: "env", name: "PG_PASSWORD" } } },
      {},
      "bad-credentials",
    ],
    ["a database that does not exist", { database: "missing" }, {}, "missing-database"],
  ])("%s: one clear error, and nothing is stored", async (_what, change, secrets, code) => {
    await expectNothingStored(changePostgres(world.plan, change), secrets, code);
  });

  test("a role with too few rights: one clear error, and nothing is stored", async () => {
    await world.sql("postgres", "CREATE ROLE weak LOGIN PASSWORD 'weak'");
    const plan = changePostgres(world.plan, { login: { user: "weak", password: { kind: "env", name: "WEAK" } } });
    await expectNothingStored(plan, { WEAK: "weak" }, "too-few-rights", "process-failed");
  });

  test("wrong keys of the store, and a bucket that does not exist: clear errors", async () => {
    await expectNothingStored(world.plan, { S3_SECRET: "wrong" }, "bad-credentials");
    const { location } = world.plan.repository;
    const plan = {
      ...world.plan,
      repository: { ...world.plan.repository, location: { ...location, bucket: "missing" } as typeof location },
    };
    await expectNothingStored(plan, {}, "missing-bucket");
  });

  test("[core.7] a directory that is missing, and one without a file, are refused", async () => {
    const directory = path.join(world.directory, "nothing here");
    await expectNothingStored(changeFiles(world.plan, directory), {}, "missing-directory");
    await mkdir(directory);
    await expectNothingStored(changeFiles(world.plan, directory), {}, "empty-source");
    await rm(directory, { recursive: true });
  });

  test("[core.7] a database without any row is refused, unless the plan says that it may be empty", async () => {
    await world.sql("postgres", "CREATE DATABASE blank");
    await expectNothingStored(changePostgres(world.plan, { database: "blank" }), {}, "empty-source");
    const { flags, id } = await backupOf(world, changePostgres(world.plan, { database: "blank", allowEmpty: true }));
    expect(flags.map(({ code }) => code)).toContain("shrunk");
    const point = (await catalogOf(world)).points.find((candidate) => candidate.id === id);
    expect(point?.manifest.sources[0]).toMatchObject({ rows: 0 });
  });

  test("[core.3] no secret in any argument of any process, nor in progress, result or manifest; what is stored is encrypted", async () => {
    const seen = new Set<string>();
    const run = startRunner({ kind: "backup", version: 1, plan: world.plan }, world.secrets);
    let over = false;
    const ended = run.ended.finally(() => {
      over = true;
    });
    while (!over) {
      for (const line of commandLines()) seen.add(line);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { stdout, stderr, result } = await ended;
    expect(result?.ok).toBe(true);
    const arguments_ = [...seen].filter((line) => /pg_dump|age\0/.test(line)).join("\n");
    expect(arguments_).toContain("pg_dump"); // the watch saw what it watches for
    for (const secret of [
      world.postgres.password,
      world.s3.root.secretAccessKey,
      world.secrets.SIGNING_KEY ?? "",
      world.operatorKey,
    ]) {
      for (const text of [[...seen].join("\n"), stdout, stderr]) expect(text).not.toContain(secret.trim());
    }
  });

  /** A backup that stands still in the middle of an upload until it is released, however fast the machine is. */
  async function backupThatWaits(): Promise<{ first: RunnerRun; proxy: CountingProxy; release: () => void }> {
    const proxy = await startCountingProxy(world.s3.endpoint);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    proxy.judge = async ({ method, url }): Promise<Verdict> => {
      if (method === "PUT" && url.includes("/artifacts/")) await held;
      return "pass";
    };
    const plan = { ...world.plan, repository: { ...world.plan.repository, location: s3Location(proxy.endpoint) } };
    const first = startRunner({ kind: "backup", version: 1, plan }, world.secrets);
    await waitFor("the backup is under way", () => proxy.requests.some(({ url }) => url.includes("/artifacts/")));
    return { first, proxy, release };
  }

  async function expectNothingStored(plan: Plan, secrets: Record<string, string>, ...codes: string[]): Promise<void> {
    const before = await catalogOf(world);
    expectFailure(await world.run({ kind: "backup", version: 1, plan }, secrets), ...codes);
    expect((await catalogOf(world)).points.map(({ id }) => id)).toEqual(before.points.map(({ id }) => id));
  }
});

function expectFailure(result: Result | undefined, ...codes: string[]): void {
  if (!result || result.ok) throw new Error("expected a failure");
  expect(codes).toContain(result.error.code);
  expect(result.error.fact).not.toBe("");
  expect(result.error.hint).not.toBe("");
}

const changePostgres = (plan: Plan, change: Partial<PostgresSource>): Plan =>
  parse(
    planSchema,
    {
      ...plan,
      sources: plan.sources.map((source) => (source.kind === "postgres" ? { ...source, ...change } : source)),
    },
    "plan",
  );

const changeFiles = (plan: Plan, directory: string): Plan => ({
  ...plan,
  sources: plan.sources.map((source) => (source.kind === "files" ? { ...source, directory } : source)),
});

function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8")];
      } catch {
        return []; // it has ended
      }
    });
}
