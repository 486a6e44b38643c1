import { chmod, mkdtemp, rmdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Plan, parse, plan as planSchema } from "../../spec/index.ts";
import { RUNNER_IMAGE } from "../../tools/docker/images.ts";
import { succeeded } from "../runner/world.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { checkout } from "../support/tools.ts";
import { waitFor } from "../support/wait-for.ts";
import { docker } from "./support/docker.ts";
import { HOST, inVolume } from "./support/launches.ts";
import { MARK, OFTEN } from "./support/plan-stack.ts";
import { type DockerWorld, makeDockerWorld, pointIdentity, restoreBeside } from "./support/world.ts";

/** What stacks declare for `archive: { docker }`, of a plan of which only the repository is at hand. */
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { BackupBucket, Repository } from ${JSON.stringify(path.join(checkout, "components/index.ts"))};
import { archive, archiveConfig } from ${JSON.stringify(path.join(checkout, "stacks/archive.ts"))};

const config = new pulumi.Config();
${MARK}
pulumi.runtime.registerResourceTransform(mark);
const credentials = { accessKeyId: config.requireSecret("id"), secretAccessKey: config.requireSecret("key") };
const bucket = new BackupBucket("backups", { existing: { endpoint: "http://s3:7070", bucket: "backups", credentials } });
const key = { privateKey: config.requireSecret("signingKey"), publicKey: config.require("trusted") };
const from = new Repository("app", { s3: { bucket }, environment: "prod", signing: { key } });
archive(archiveConfig.parse(config.requireObject("archive")), from, config.require("image"), { app: "critical" }, config);
`;

const PHOTO = `console.log(fs.readFileSync(process.argv[1] + "/photo.bin").toString("base64"))`;
const ROWS = "SELECT count(*), md5(string_agg(text, ',' ORDER BY n)) FROM t";

let world: DockerWorld;
let stack: PulumiStack;
let point: string;
/** A directory of the archive host. */
let directory: string;
let scheduler: string;

beforeAll(async () => {
  world = await makeDockerWorld();
  // Below a folder that every user of an image may enter.
  directory = await mkdtemp("/var/tmp/restorable-archive-");
  await chmod(directory, 0o777);
  await inVolume(world.files, `fs.writeFileSync("/data/photo.bin", require("node:crypto").randomBytes(100_000))`);
  await world.sql("app", "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 2000) n");
  point = succeeded(await world.run({ kind: "backup", version: 1, plan: world.plan }), "backup").manifest.id;

  stack = await PulumiStack.create({ program: PROGRAM, standIns: ["docker"], stack: world.place.network });
  scheduler = `restorable_inline_${stack.name}_app-archive`;
  const { S3_ID: id = "", S3_SECRET: key = "", SIGNING_KEY: signingKey = "" } = world.secrets;
  for (const [name, value] of Object.entries({ id, key, signingKey }))
    await stack.setConfig(name, value, { secret: true });
  const archive = {
    to: { directory },
    docker: { host: HOST, network: world.place.network },
    schedule: { cron: OFTEN, timeZone: "UTC" },
  };
  const plain = { image: RUNNER_IMAGE, trusted: String(world.plan.repository.trusted[0]) };
  for (const [name, value] of Object.entries({ ...plain, archive: JSON.stringify(archive) }))
    await stack.setConfig(name, value);
  const { ok, text } = await stack.up();
  expect(ok, text).toBe(true);
});

afterAll(async () => {
  await stack?.destroy();
  if (scheduler) await docker("volume", "rm", "--force", `${scheduler}_ledger`).catch(() => undefined);
  await stack?.remove();
  // It holds files of the archive's user.
  const remove = `for (const name of fs.readdirSync("/data")) fs.rmSync("/data/" + name, { recursive: true })`;
  if (directory) await inVolume(directory, remove).then(() => rmdir(directory));
  await world?.close();
});

test("[chipster.8] an archive host pulls by its schedule into a directory of its own, which restores with the store gone", async () => {
  const catalog = `console.log(fs.existsSync("/data/prod/app/catalog") ? fs.readdirSync("/data/prod/app/catalog").join() : "")`;
  await waitFor("a copy by the schedule", async () => (await inVolume(directory, catalog)) === `${point}.json`, {
    seconds: 60,
    every: 1000,
  }).catch(async (error) => {
    throw new Error(`${error}\n${await docker("logs", scheduler).catch(String)}`);
  });
  await docker("stop", "--time", "20", scheduler);
  const store = await docker(
    "ps",
    "--quiet",
    "--filter",
    `network=${world.place.network}`,
    "--filter",
    "name=test-s3-",
  );
  await docker("rm", "--force", "--volumes", store);

  const archived = inDirectory(world);
  const identity = await pointIdentity(archived, point);
  const database = await restoreBeside(archived, { point, identity, into: { database: "from_archive" } });
  expect(database?.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(await world.sql("from_archive", ROWS)).toBe(await world.sql("app", ROWS));
  const target = await world.place.volume("target");
  await inVolume(target, `fs.chownSync("/data", 10001, 10001)`);
  const into = { directory: "/srv/restored/files" };
  await restoreBeside(archived, { point, identity, into }, ["--volume", `${target}:/srv/restored`]);
  expect(await inVolume(target, PHOTO, "/data/files")).toBe(await inVolume(world.files, PHOTO));
});

/** The same world, whose repository is the archive's directory: whoever reads it signs and writes nothing. */
const inDirectory = (first: DockerWorld): DockerWorld => {
  const { signingKey: _, ...repository } = first.plan.repository;
  const location = { kind: "directory", path: directory };
  const plan: Plan = parse(planSchema, { ...first.plan, repository: { ...repository, location } }, "plan");
  const mounted = ["--volume", `${directory}:${directory}:ro`];
  const run: DockerWorld["run"] = (job, more, options) =>
    first.run(job, more, { ...options, args: [...mounted, ...(options?.args ?? [])] });
  return { ...first, plan, run };
};
