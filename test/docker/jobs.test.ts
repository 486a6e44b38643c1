import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Request, ResultOf } from "../../spec/index.ts";
import { RUNNER_IMAGE } from "../../tools/docker/images.ts";
import { succeeded } from "../runner/world.ts";
import { docker } from "./support/docker.ts";
import { inVolume } from "./support/launches.ts";
import { catalogOf, type DockerWorld, makeDockerWorld, pointIdentity, restoreBeside } from "./support/world.ts";

const ROWS = 2000;

/** Writes what the application would have, as root and into the volume that the runner only reads. */
const SEED = `
  fs.mkdirSync("/data/photos/empty", { recursive: true });
  fs.writeFileSync("/data/photos/é.bin", require("node:crypto").randomBytes(300_000));
  fs.symlinkSync("photos/é.bin", "/data/latest");`;

const DIGEST = `
  const hash = require("node:crypto").createHash("sha256");
  hash.update(fs.readFileSync(process.argv[1] + "/photos/é.bin"));
  hash.update(fs.readlinkSync(process.argv[1] + "/latest"));
  console.log(hash.digest("hex"));`;

describe("jobs in containers · docker, postgres 17, versitygw", () => {
  let world: DockerWorld;
  let point: ResultOf<"backup">["manifest"];
  let identity: string;
  let backup: { readonly container: string; readonly printed: string };

  beforeAll(async () => {
    world = await makeDockerWorld();
    await world.sql("app", `CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, ${ROWS}) n`);
    await inVolume(world.files, SEED);
    const run = world.start({ kind: "backup", version: 1, plan: world.plan });
    const { result, stderr } = await run.ended;
    if (!result) throw new Error(stderr);
    point = succeeded(result, "backup").manifest;
    backup = { container: run.container, printed: `${stderr}${JSON.stringify(result)}` };
    identity = await pointIdentity(world, point.id);
  });

  afterAll(() => world?.close());

  test("a backup of a database and of a read-only volume is whole when it is read back", async () => {
    const { repository, name } = world.plan;
    const job = {
      kind: "verify",
      version: 1,
      repository,
      plan: name,
      point: point.id,
      identity: { kind: "env", name: "POINT_IDENTITY" },
      record: false,
    } as const;
    const { proof } = succeeded(await world.run(job, { POINT_IDENTITY: identity }), "verify");
    expect(proof.checks.length).toBeGreaterThan(2);
    expect(proof.checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  test("it restores into another database, row for row, and the live one stays", async () => {
    const record = await restore({ database: "copy" });
    expect(record?.checks.filter(({ ok }) => !ok)).toEqual([]);
    const rows = "SELECT count(*), md5(string_agg(text, ',' ORDER BY n)) FROM t";
    expect(await world.sql("copy", rows)).toBe(await world.sql("app", rows));
    expect(await world.sql("copy", "SELECT count(*) FROM t")).toBe(String(ROWS));
  });

  test("it restores files into another volume, byte for byte", async () => {
    const target = await world.place.volume("target");
    // A volume belongs to root; who restores as an ordinary user is given it first.
    await inVolume(target, 'fs.chownSync("/data", 10001, 10001);');
    const record = await restore({ directory: "/srv/restored/files" }, ["--volume", `${target}:/srv/restored`]);
    expect(record?.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(await inVolume(target, DIGEST, "/data/files")).toBe(await inVolume(world.files, DIGEST));
  });

  test("no secret is in what Docker knows of the container, in its log or in its output", async () => {
    const inspected = await docker("inspect", backup.container);
    const logged = await docker("logs", backup.container);
    expect(inspected).toContain(RUNNER_IMAGE);
    expect(backup.printed).toContain(point.id);
    for (const [name, secret] of Object.entries({ ...world.secrets, POINT_IDENTITY: identity })) {
      // JSON escapes the line breaks of a key, so its lines are looked for one by one.
      const lines = secret.split("\n").filter((line) => line.length > 8 && !line.startsWith("-----"));
      for (const line of lines) {
        for (const text of [inspected, logged, backup.printed]) expect(text.includes(line), name).toBe(false);
      }
    }
  });

  const restore = (into: Request["into"], args: readonly string[] = []) =>
    restoreBeside(world, { point: point.id, identity, into }, args);

  test("the catalog holds that point and no other", async () => {
    const { points, unreadable } = await catalogOf(world);
    expect(points.map(({ id }) => id)).toEqual([point.id]);
    expect(unreadable).toEqual([]);
  });
});
