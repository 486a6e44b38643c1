import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { oneRun } from "../../../runner/schedule/one-run.ts";
import {
  coloniesResult,
  coloniesResultOf,
  identityKey,
  newPointId,
  type Plan,
  parse,
  plan as planSchema,
  pointTime,
} from "../../../spec/index.ts";
import { isStored, startCountingProxy } from "../../support/counting-proxy.ts";
import { tools } from "../../support/tools.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { objects, putObject, removeObject } from "../repository-objects.ts";
import { startRunner } from "../run-runner.ts";
import { backupOf, catalogOf, makeWorld, pointIdentity, restoreWhole, succeeded, type World } from "../world.ts";

const run = promisify(execFile);

const sha256 = (body: Buffer | undefined) =>
  createHash("sha256")
    .update(body ?? "")
    .digest("hex");

const AIDE = `CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
CREATE SCHEMA aide_admin; CREATE TABLE aide_admin.project (shortname text PRIMARY KEY);
INSERT INTO aide_admin.project SELECT 'p' || n FROM generate_series(1, 200) n;
CREATE TABLE public.image (id uuid DEFAULT uuid_generate_v4(), file text); INSERT INTO public.image (file) SELECT 'f' || n FROM generate_series(1, 500) n;`;

describe.each(["s3", "directory"] as const)("the layout of AIDE · postgres, %s", (repository) => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld({
      database: "ailabeltooldb",
      repository,
      change: (plan) =>
        parse(
          planSchema,
          {
            ...plan,
            layout: { kind: "aide", host: "vbox" },
            sources: plan.sources.map((source) =>
              source.kind === "files" ? { ...source, name: "aide_images" } : source,
            ),
          },
          "plan",
        ),
    });
    await world.sql("ailabeltooldb", AIDE);
    await mkdir(path.join(world.files, "project 'one'"), { recursive: true });
    await writeFile(path.join(world.files, "project 'one'", "a.png"), Buffer.alloc(70_000, 7));
    await writeFile(path.join(world.files, "top.txt"), "top");
  });
  afterAll(() => world.close());

  test("[aide.1] names and bytes are AIDE's own: pg_restore lists the dump, tar the images, and nothing else lies there in clear", async () => {
    const manifest = await backupOf(world);
    const stored = await objects(world);
    const time = manifest.id.slice(0, 15);
    const keys = [...stored.keys()].filter((key) => !key.startsWith("prod/"));
    expect(keys.sort()).toEqual([`vbox-ailabeltooldb-${time}.dump`, `vbox-aide_images-${time}.tar`].sort());
    const [dump, images] = [`vbox-ailabeltooldb-${time}.dump`, `vbox-aide_images-${time}.tar`];
    const local = path.join(world.directory, "copy.dump");
    await writeFile(local, stored.get(dump) ?? "");
    const { stdout } = await run(path.join(tools().postgresBin, "pg_restore"), ["--list", local]);
    expect(stdout).toContain("TABLE DATA aide_admin project");
    await writeFile(path.join(world.directory, "copy.tar"), stored.get(images) ?? "");
    const listed = await run("tar", ["-tf", path.join(world.directory, "copy.tar")]);
    expect(listed.stdout).toContain("./project 'one'/a.png");
    const artifacts = manifest.sources.flatMap((source) => source.artifacts);
    expect(artifacts.map(({ below, encryption }) => [below, encryption])).toEqual([
      ["repository", "none"],
      [undefined, "age"],
      ["repository", "none"],
    ]);
    for (const { key, sha256: digest, bytes } of artifacts.filter(({ below }) => below)) {
      expect([sha256(stored.get(key)), stored.get(key)?.length]).toEqual([digest, bytes]);
    }
    expect([...stored.keys()].filter((key) => key.includes("/artifacts/")).every((key) => key.endsWith(".age"))).toBe(
      true,
    );
    expect(manifest.commands.join("\n")).toContain(`cat ${dump} | pg_restore`);
  });

  test("it verifies, even its data without any key, and restores beside like every other point", async () => {
    const manifest = await backupOf(world);
    const job = {
      kind: "verify",
      version: 1,
      repository: world.plan.repository,
      plan: "app",
      point: manifest.id,
      record: true,
    } as const;
    const without = succeeded(await world.run(job), "verify").proof;
    expect(without).toMatchObject({ ok: true });
    expect(without.checks.map(({ detail }) => detail).join("\n")).toMatch(
      /read through pg_restore to the end[\s\S]*unpacked to nowhere: 2 files/,
    );
    const identity = { POINT_IDENTITY: await pointIdentity(world, world.plan, manifest.id) };
    const verified = await world.run({ ...job, identity: { kind: "env", name: "POINT_IDENTITY" } }, identity);
    expect(succeeded(verified, "verify").proof.ok).toBe(true);
    const before = await treeDigest(world.files);
    await world.sql("ailabeltooldb", "DELETE FROM public.image; DROP SCHEMA aide_admin CASCADE");
    await writeFile(path.join(world.files, "top.txt"), "changed");
    const { record } = await restoreWhole(world);
    expect(record).toMatchObject({ ok: true });
    expect(await treeDigest(world.files)).toEqual(before);
    expect((await world.sql("ailabeltooldb", "SELECT count(*)::int FROM aide_admin.project")).rows).toEqual([
      { count: 200 },
    ]);
  });

  test("pruning takes its own objects there and leaves everything else, also an older tool's", async () => {
    const old = ["vbox-ailabeltooldb-20220803T084827.dump", "tes2-aide_images-20220803T084827.tar", "vbox-notes.txt"];
    for (const key of old) await putObject(world, key, "old");
    await backupOf(world);
    await backupOf(world);
    const before = (await catalogOf(world)).points.length;
    expect(before).toBeGreaterThan(3);
    const prune = await world.run({
      kind: "prune",
      version: 1,
      repository: world.plan.repository,
      plan: "app",
      retention: { keepLast: 1, minimum: 1 },
      schedule: { kind: "none" },
      confirm: true,
      leaseSeconds: 5,
    });
    expect(succeeded(prune, "prune").how).toBe("deleted");
    const { points } = await catalogOf(world);
    const named = points
      .flatMap(({ manifest }) => manifest.sources.flatMap(({ artifacts }) => artifacts))
      .filter(({ below }) => below);
    const left = [...(await objects(world)).keys()].filter((key) => !key.startsWith("prod/"));
    expect(left.sort()).toEqual([...old, ...named.map(({ key }) => key)].sort());
    expect(points.length).toBeLessThan(before);
  });

  test("a point whose names are taken by somebody else's objects gets others", async () => {
    const next = new Date(Date.now() + 1_000);
    for (let second = 0; second < 8; second += 1) {
      const time = new Date(next.getTime() + second * 1_000).toISOString().replace(/[-:]/g, "").slice(0, 15);
      await putObject(world, `vbox-ailabeltooldb-${time}.dump`, "theirs");
    }
    const manifest = await backupOf(world);
    const theirs = [...(await objects(world))].filter(([, body]) => body.toString() === "theirs");
    expect(theirs).toHaveLength(8);
    expect(manifest.sources[0]?.artifacts[0]?.bytes).toBeGreaterThan(100);
  });

  test("a check names by its key what an older tool deleted or wrote over", async () => {
    const artifacts = async () => (await backupOf(world)).sources.flatMap((source) => source.artifacts);
    const [[dump], [, , images]] = [await artifacts(), await artifacts()];
    const { repository: at, name: plan } = world.plan;
    const check = async () => {
      const job = { kind: "check", version: 1, repository: at, plan, schedule: { kind: "none" } } as const;
      const { healthy, checks } = succeeded(await world.run(job), "check");
      return { healthy, ...checks.find(({ name }) => name === "artifacts") };
    };
    expect(await check()).toMatchObject({ healthy: true, ok: true });
    await removeObject(world, dump?.key ?? "");
    await putObject(world, images?.key ?? "", "another tool's");
    const { healthy, detail } = await check();
    expect(healthy).toBe(false);
    expect(detail).toMatch(new RegExp(`(^|; )${dump?.key} (is missing|was deleted)`));
    expect(detail).toMatch(new RegExp(`(^|; )${images?.key} was written over`));
    expect(detail).not.toContain("artifacts/");
  });
});

describe.each(["s3", "directory"] as const)("the layout of go-s3-backup · postgres, %s", (repository) => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld({
      database: "topobank",
      repository,
      change: (plan) =>
        parse(
          planSchema,
          {
            ...plan,
            layout: { kind: "go-s3-backup" },
            sources: plan.sources.map((source) => (source.kind === "postgres" ? { ...source, format: "sql" } : source)),
          },
          "plan",
        ),
    });
    await world.sql(
      "topobank",
      "CREATE TABLE topography (id int PRIMARY KEY, name text); INSERT INTO topography SELECT n, E'n\\\\' || n FROM generate_series(1, 900) n",
    );
    await writeFile(path.join(world.files, ".django"), "SECRET=production");
  });
  afterAll(() => world.close());

  test("the dump is plain SQL under go-s3-backup's key, psql restores it by hand; what the layout does not name stays encrypted", async () => {
    const manifest = await backupOf(world);
    const key = `backup/postgres-backup-${manifest.id.slice(0, 15).replace("T", "")}.sql`;
    const stored = await objects(world);
    expect([...stored.keys()].filter((each) => !each.startsWith("prod/"))).toEqual([key]);
    const script = stored.get(key)?.toString() ?? "";
    expect(script).toContain("-- PostgreSQL database dump complete");
    expect([...stored.values()].some((body) => body.includes("SECRET=production"))).toBe(false);
    await world.sql("postgres", "CREATE DATABASE by_hand");
    const file = path.join(world.directory, "by-hand.sql");
    await writeFile(file, script);
    await run(path.join(tools().postgresBin, "psql"), [
      "-X",
      "-q",
      "-v",
      "ON_ERROR_STOP=1",
      "-f",
      file,
      world.postgres.url("by_hand"),
    ]);
    expect((await world.sql("by_hand", "SELECT count(*)::int FROM topography")).rows).toEqual([{ count: 900 }]);
  });

  test("it verifies to its last line with every row counted, and restores", async () => {
    const manifest = await backupOf(world);
    const identity = { POINT_IDENTITY: await pointIdentity(world, world.plan, manifest.id) };
    const verified = await world.run(
      {
        kind: "verify",
        version: 1,
        repository: world.plan.repository,
        plan: "app",
        point: manifest.id,
        identity: { kind: "env", name: "POINT_IDENTITY" },
        record: true,
      },
      identity,
    );
    const { proof } = succeeded(verified, "verify");
    expect(proof.ok).toBe(true);
    expect(proof.checks.map(({ detail }) => detail).join("\n")).toContain("to the last line of the script: 1 tables");
    await world.sql("topobank", "DELETE FROM topography");
    const { record } = await restoreWhole(world);
    expect(record).toMatchObject({ ok: true });
    expect((await world.sql("topobank", "SELECT count(*)::int FROM topography")).rows).toEqual([{ count: 900 }]);
  });
});

describe("the layout of Colonies · postgres, s3", () => {
  let world: World;
  beforeAll(async () => {
    const layout = { kind: "colonies" } as const;
    const change = (plan: Plan) => {
      const sources = plan.sources.filter(({ kind }) => kind === "postgres");
      return parse(planSchema, { ...plan, layout, sources, retention: { keepLast: 2, minimum: 1 } }, "plan");
    };
    world = await makeWorld({ database: "postgres", change });
    await world.sql(
      "postgres",
      "CREATE TABLE colony AS SELECT n, repeat('x', 100) AS text FROM generate_series(1, 5000) n",
    );
    for (const key of FOREIGN) await putObject(world, key, "theirs");
  });
  afterAll(() => world.close());

  const dumps = async () => [...(await objects(world)).keys()].filter((key) => !key.startsWith("prod/")).sort();
  /** What the schedule does each time: a point, then the retention, then a check. */
  const scheduled = (plan = world.plan) =>
    oneRun({ now: () => new Date(), runJob: (job) => world.run(job) }, plan, new AbortController().signal);

  test("[colonies.3] the dump is as pg_dump -Fc makes it, and its seven keys say where it is and how large on both sides", async () => {
    const manifest = await backupOf(world);
    const key = keyOf(manifest.id);
    const stored = await objects(world);
    expect(await dumps()).toEqual([...FOREIGN, key].sort());
    expect(stored.get(key)?.length).toBeLessThan(100_000); // of half a million bytes: it compresses by itself
    const result = coloniesResultOf(manifest, "backups", "");
    expect(Object.keys(result ?? {})).toEqual([
      ...["filename", "bucket", "filepath_s3", "exectime_backup", "size", "size_s3", "exectime_upload_s3"],
    ]);
    expect(coloniesResult.parse(result)).toMatchObject({ bucket: "backups", filepath_s3: `/${key}` });
    expect([result?.size, result?.size_s3]).toEqual([stored.get(key)?.length, stored.get(key)?.length]);
    expect(coloniesResult.safeParse({ ...result, size_s3: 1 }).success).toBe(false);
    expect(coloniesResult.safeParse({ ...result, point: manifest.id }).success).toBe(false);
  });

  test("[colonies.2] another database in the configuration is the one that is dumped", async () => {
    await world.sql("postgres", "CREATE DATABASE science");
    await world.sql("science", "CREATE TABLE only_here AS SELECT 1 AS n");
    const sources = world.plan.sources.map((source) => ({ ...source, database: "science" }));
    const manifest = await backupOf(world, { ...world.plan, name: "other", sources } as Plan);
    const counts = [{ schema: "public", table: "only_here", rows: 1 }];
    expect(manifest.sources).toMatchObject([{ database: "science", counts }]);
    const local = path.join(world.directory, "science.bak");
    await writeFile(local, (await objects(world)).get(keyOf(manifest.id)) ?? "");
    const { stdout } = await run(path.join(tools().postgresBin, "pg_restore"), ["--list", local]);
    expect(stdout).toContain("TABLE DATA public only_here");
    expect(stdout).not.toContain("colony");
    await removeObject(world, keyOf(manifest.id)); // the tests below look at one plan's dumps
  });

  test("an old dump is listed with the time of its seconds, and nothing else beside it, nor what a killed run of ours left", async () => {
    const layout = { kind: "colonies", prefix: "backups/" } as const;
    const killed = newPointId(new Date(), 1);
    const left = [`prod/${world.plan.name}/${identityKey(killed)}`, keyOf(killed)];
    for (const key of left) await putObject(world, key, "half");
    const [old] = FOREIGN;
    const name = { key: old, kind: "postgres", format: "pg-custom", safety: false } as const;
    expect((await catalogOf(world, world.plan, { layout })).old).toEqual([
      { ...name, time: "2023-06-05T12:29:51", bytes: 6, pairs: [] },
    ]);
    for (const key of left) await removeObject(world, key);
  });

  test("[colonies.4] after two runs more than are kept exactly those are there, and foreign keys are untouched", async () => {
    const taken: string[] = [];
    for (let run = 1; run <= 4; run += 1) {
      const { ok, point } = await scheduled();
      expect(ok).toBe(true);
      taken.push(keyOf(point ?? ""));
    }
    expect(await dumps()).toEqual([...FOREIGN, ...taken.slice(-2)].sort());
    for (const key of FOREIGN) expect((await objects(world)).get(key)?.toString()).toBe("theirs");
  });

  test("[colonies.5] a dump that the store says is of another size ends the run, and nothing older goes", async () => {
    const before = await dumps();
    const proxy = await startCountingProxy(world.s3.endpoint);
    try {
      const lie = { contentLength: 7 } as const;
      proxy.judge = ({ method, url }) =>
        method === "HEAD" && url.includes("/backup_") && isStored(proxy, url) ? lie : "pass";
      const location = {
        ...world.plan.repository.location,
        endpoint: proxy.endpoint,
      } as Plan["repository"]["location"];
      const run = await scheduled({
        ...world.plan,
        repository: { ...world.plan.repository, location },
        retention: { keepLast: 1, minimum: 1 },
      });
      expect(run).toMatchObject({ ok: false, error: { fact: expect.stringMatching(/holds 7 bytes .* were sent/) } });
    } finally {
      await proxy.close();
    }
    expect(await dumps()).toEqual(expect.arrayContaining(before));
    expect((await catalogOf(world)).points.map(({ id }) => keyOf(id)).sort()).toEqual(
      before.filter((key) => !FOREIGN.includes(key)),
    );
  });

  test("[colonies.6] an upload that fails leaves nothing in scratch space, because nothing is ever put there", async () => {
    const scratch = path.join(world.directory, "scratch");
    await mkdir(scratch);
    const proxy = await startCountingProxy(world.s3.endpoint);
    try {
      proxy.judge = ({ method, url }) => (method === "PUT" && url.includes("/backup_") ? 403 : "pass");
      const location = {
        ...world.plan.repository.location,
        endpoint: proxy.endpoint,
      } as Plan["repository"]["location"];
      const plan = { ...world.plan, repository: { ...world.plan.repository, location } };
      const run = startRunner({ kind: "backup", version: 1, plan }, world.secrets, undefined, { TMPDIR: scratch });
      expect((await run.ended).result).toMatchObject({ ok: false });
    } finally {
      await proxy.close();
    }
    expect(await readdir(scratch)).toEqual([]);
  });
});

/** What an executor of 2023 stored, and what is no dump of its. */
const FOREIGN = ["backups/backup_1685968191.bak", "backups/backup_x.bak", "backups/notes.txt", "other/backup_1.bak"];

const keyOf = (point: string): string => `backups/backup_${pointTime(point).getTime() / 1000}.bak`;
