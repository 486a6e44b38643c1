import { createHash, randomBytes } from "node:crypto";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { generateX25519Identity } from "age-encryption";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Artifact,
  type CatalogPoint,
  type FileCounts,
  identityKey,
  manifestKey,
  type RestoreRecord,
  signedManifest,
} from "../../spec/index.ts";
import { RUNNER_IMAGE } from "../../tools/docker/images.ts";
import { messages } from "../support/engine-events.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { waitFor } from "../support/wait-for.ts";
import { Aide, BUSY, DATABASE } from "../systems/aide/aide.ts";
import { type Holding, holdingOf } from "../systems/aide/holding.ts";
import { turns } from "../systems/aide/server-log.ts";
import { BUCKET, removeProject, Site, schedulers } from "./support/aide-site.ts";
import { docker, Place, program } from "./support/docker.ts";
import { type HostStore, startHostStore } from "./support/host-store.ts";

const PROJECT = `backups-${randomBytes(4).toString("hex")}`;
/** A point of everything, with the seeded projects as they are from then on. */
let whole: CatalogPoint;
let before: Holding;
/** What production held when a restore replaced it. */
let later: Holding;

let place: Place;
let store: HostStore;
let prod: Site;
let uat: Site;

beforeAll(async () => {
  place = await Place.make();
  store = await startHostStore(place);
  const [old, fresh, identity] = await Promise.all([
    Aide.start(place, { major: 13, host: "prod" }),
    // A host after a disaster: the application runs, its cluster is empty.
    Aide.start(place, { major: 17, host: "uat", setup: false }),
    generateX25519Identity(),
  ]);
  await old.seed({ test: 24, tests_vincent: 12, [BUSY]: 8 });
  await old.sql(`ALTER DATABASE ${DATABASE} SET timezone = 'America/Montreal'`);
  const bucket = { bucket: BUCKET, endpoint: store.endpoint };
  const stack = await PulumiStack.create({ stack: "aide-prod", project: PROJECT, standIns: ["docker"] });
  const shared = { store, identity };
  prod = await Site.make(
    {
      ...shared,
      aide: old,
      stack,
      settings: {
        bucket: { create: bucket },
        schedule: { cron: "*/5 * * * * *", timeZone: "America/Montreal" },
        retention: { keepWithin: "P60D", minimum: 3 },
        lock: { mode: "governance", days: 28 },
        layout: { host: "prod" },
        projects: [{ name: "tests-vincent", directory: "tests_vincent" }],
      },
    },
    PROJECT,
  );
  await prod.up();
  const settings = {
    bucket: { existing: bucket },
    from: [{ environment: "prod", stack: `organization/${PROJECT}/aide-prod` }],
  };
  uat = await Site.make({ ...shared, aide: fresh, stack: await stack.sibling("aide-uat"), settings }, PROJECT);
});

afterAll(async () => {
  for (const site of [uat, prod]) await site?.stack.destroy();
  await prod?.stack.remove();
  await removeProject(PROJECT);
  await place?.remove();
});

const answers = (site: Site) =>
  waitFor("the page", async () => {
    const { status, text } = await site.aide.look();
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return true;
  });

/** Rows, files, owners and modes are those of the point; the workers went on from there. */
const isWhole = async (site: Site): Promise<void> => {
  const now = await holdingOf(site.aide);
  expect(now.files).toEqual(before.files);
  expect(now.database).toBe(before.database);
  expect(now.properties).toBe(before.properties);
  expect(now.wrong).toEqual([]);
  expect(now.busy.rows).toBeGreaterThanOrEqual(rowsOf(whole, `${BUSY}.image`));
  await answers(site);
};

const rowsOf = ({ manifest }: CatalogPoint, table: string): number => {
  const entry = manifest.sources.find(({ kind }) => kind === "postgres");
  if (entry?.kind !== "postgres") throw new Error("the point has no database");
  return entry.counts.find(({ schema, table: name }) => `${schema}.${name}` === table)?.rows ?? Number.NaN;
};

const filesOf = ({ manifest }: CatalogPoint, name: string): FileCounts => {
  const entry = manifest.sources.find((source) => source.name === name);
  if (entry?.kind !== "files") throw new Error(`the point has no files of ${name}`);
  return entry.counts;
};

const artifactsOf = ({ manifest }: CatalogPoint): readonly Artifact[] =>
  manifest.sources.flatMap(({ artifacts }) => artifacts);

/** Its key in the bucket. */
const placeOf = ({ key, below }: Artifact): string => (below ? `aide/${key}` : `aide/prod/aide/${key}`);

const read = async (key: string): Promise<Buffer> => {
  const { Body } = await store.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

const write = (key: string, body: Buffer | string) =>
  store.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

const nonEmpty = <T>(items: readonly T[]): readonly [T, ...T[]] => {
  if (items.length === 0) throw new Error("nothing is there");
  return items as readonly [T, ...T[]];
};

/** Regular files below the images and their bytes, as `find` in the container counts them. */
const countsOf = async ({ aide }: Site, ...which: readonly string[]) => {
  const found = await aide.exec("find", "/home/aide/images", "-type", "f", ...which, "-printf", "%s\\n");
  return total(found.split("\n").filter(Boolean).map(Number));
};

const total = (sizes: readonly number[]) => ({
  files: sizes.length,
  bytes: sizes.reduce((sum, size) => sum + size, 0),
});

/** The same of a listing by `tar --verbose`. */
const countTar = (listing: string) => {
  const files = listing.split("\n").filter((line) => line.startsWith("-"));
  const size = (line: string) => Number(line.split(/\s+/)[2]);
  return { all: total(files.map(size)), quiet: total(files.filter((line) => !line.includes(`/${BUSY}/`)).map(size)) };
};

/** What a program of the runner's image says of these bytes. */
const inRunner = async ([entry = "", ...args]: readonly string[], input: Buffer): Promise<string> => {
  const run = ["run", "--rm", "--interactive", "--network", "none", "--entrypoint", entry, RUNNER_IMAGE, ...args];
  return (await execa(program, run, { input })).stdout;
};

const printed = async (args: readonly string[]): Promise<Buffer> =>
  Buffer.from((await execa(program, args, { encoding: "buffer" })).stdout);

const restore = (site: Site, ...args: readonly string[]) =>
  site.restorable("restore", ...args, "--confirm", site.confirm(), "--reason", "a test", "--json");

/** Runs something and says what there was when no worker was left while it ran. */
const quiescedDuring = async <T>(aide: Aide, work: Promise<T>) => {
  let seen: { readonly workers: readonly string[]; readonly container: string } | undefined;
  let isOver = false;
  const watching = (async () => {
    while (!isOver && !seen) {
      const workers = await aide.celery();
      if (workers.length === 0 && !isOver) seen = { workers, container: await aide.state() };
    }
  })();
  const result = await work.finally(() => {
    isOver = true;
  });
  await watching;
  return { result, seen };
};

/** A point like the whole one, but that says of itself that it has a project more; nobody has signed that. */
const forgedPoint = async (): Promise<string> => {
  const id = `${whole.id.slice(0, 17)}ffff`;
  const { manifest } = signedManifest.parse(
    JSON.parse((await read(`aide/prod/aide/${manifestKey(whole.id)}`)).toString()),
  );
  for (const source of manifest.sources) {
    if (source.kind !== "postgres") continue;
    for (const table of source.counts) if (table.table === "project") table.rows += 1;
  }
  await write(`aide/prod/aide/${identityKey(id)}`, await read(`aide/prod/aide/${identityKey(whole.id)}`));
  await write(`aide/prod/aide/${manifestKey(id)}`, JSON.stringify({ manifest: { ...manifest, id } }));
  return id;
};

describe("AIDE · docker, postgres 13 and 17, versitygw", () => {
  test("[aide.1] [aide.2] [aide.3] the scheduler dumps under load, under AIDE's names, and every byte arrives", async () => {
    const [point] = await waitFor("the scheduler's first point", async () => nonEmpty(await prod.points()), {
      seconds: 120,
      every: 1000,
    });
    await docker("stop", ...(await schedulers(PROJECT)));
    const time = point.id.slice(0, 15);
    const [dump, images] = [`aide/prod-${DATABASE}-${time}.dump`, `aide/prod-aide_images-${time}.tar`];

    const stored = { dump: await read(dump), images: await read(images) };
    const digests = Object.fromEntries(artifactsOf(point).map((artifact) => [placeOf(artifact), artifact.sha256]));
    expect([sha256(stored.dump), sha256(stored.images)]).toEqual([digests[dump], digests[images]]);

    const listed = await inRunner(["/usr/lib/postgresql/13/bin/pg_restore", "--list"], stored.dump);
    expect(listed).toContain("TABLE DATA tests_vincent image ailabeluser");

    // The projects that nobody works on are as they are in the container; the busy one is counted in the archive itself.
    const archive = countTar(await inRunner(["tar", "--list", "--verbose", "--numeric-owner"], stored.images));
    const counted = filesOf(point, "aide_images");
    expect(archive.all).toEqual({ files: counted.files, bytes: counted.bytes });
    expect(archive.quiet).toEqual(await countsOf(prod, "-not", "-path", `*/${BUSY}/*`));
    const project = filesOf(point, "tests-vincent");
    expect({ files: project.files, bytes: project.bytes }).toEqual(await countsOf(prod, "-path", "*/tests_vincent/*"));
  });

  test("a backup by hand holds a moment of a database that is being written to", async () => {
    const busyRows = async () => Number(await prod.aide.sql(`SELECT count(*) FROM ${BUSY}.image`));
    const least = await busyRows();
    await prod.answer("backup");
    const most = await busyRows();
    before = await holdingOf(prod.aide);
    [whole] = nonEmpty(await prod.points());
    expect(most).toBeGreaterThan(least);
    expect(rowsOf(whole, `${BUSY}.image`)).toBeGreaterThanOrEqual(least);
    expect(rowsOf(whole, `${BUSY}.image`)).toBeLessThanOrEqual(most);
    expect(Object.keys(before.files).length).toBeGreaterThan(36);
  });

  test("[aide.5] [aide.10] database and images are destroyed: one request of pulumi up brings everything back, and the container never stops", async () => {
    const { aide } = prod;
    await aide.sql(`DROP DATABASE ${DATABASE} WITH (FORCE)`, "postgres");
    await aide.exec("sh", "-c", "rm -rf /home/aide/images/*");
    expect((await aide.look()).status).toBe(500);
    const started = await aide.state();
    expect(started).toMatch(/ running$/);

    await prod.request({ id: "disaster", point: whole.id, into: { replace: {} }, reason: "the disk was lost" });
    const { result, seen } = await quiescedDuring(aide, prod.stack.up());
    expect(result.ok, result.text).toBe(true);
    expect(seen).toEqual({ workers: [], container: started });
    expect((await prod.stack.outputs()).record).toMatchObject({ id: "disaster", ok: true });
    expect(await aide.superseded()).toEqual([]);
    await isWhole(prod);
    expect(await aide.celery()).not.toEqual([]);
    expect(await aide.state()).toBe(started);
  });

  test("[aide.4] [aide.6] [aide.8] a restore over live data drops nothing, lets nobody in, and leaves no other file", async () => {
    const { aide } = prod;
    await aide.seed({ later: 6 });
    await aide.exec(
      "sh",
      "-c",
      "mkdir /home/aide/images/stray && touch /home/aide/images/stray/x /home/aide/images/test/x",
    );
    later = await holdingOf(aide);
    const known = (await turns(aide)).length;

    const done = await restore(prod, whole.id, "--id", "refresh");
    expect(done.exit, done.err).toBe(0);
    await isWhole(prod);
    const { superseded } = done.json() as RestoreRecord;
    const [aside] = await aide.superseded();
    expect(superseded).toContain(aside);
    expect(superseded).toContain(`/sources/aide_images/${(await holdingOf(aide)).aside.at(-1)}`);

    const since = (await turns(aide)).slice(known);
    expect(since.map(({ statement }) => statement).join("\n")).not.toContain("DROP");
    const [swap] = nonEmpty(since);
    // Whether somebody tried in this short time is chance; that who tries is refused, the tests of the swap itself show.
    expect(swap.inside).toEqual([]);
  });

  test("[aide.11] what a restore replaced is held for its 28 days: no command and no later restore removes it", async () => {
    const held = await prod.aide.superseded();
    const refused = await prod.restorable("clean", "refresh", "--confirm", prod.confirm(), "--json");
    expect(refused.exit).toBe(9);
    const until = /is held until (\S+)/.exec(refused.json().error.fact)?.[1] ?? "";
    expect((Date.parse(until) - Date.now()) / 86_400_000).toBeGreaterThan(27);
    const again = await restore(prod, whole.id, "--id", "again", "--source", "postgres");
    expect(again.exit, again.err).toBe(0);
    expect(await prod.aide.superseded()).toEqual(expect.arrayContaining([...held]));
    const [dump] = nonEmpty(artifactsOf(whole));
    const version = { Bucket: BUCKET, Key: placeOf(dump), VersionId: dump.versionId };
    await expect(store.client.send(new DeleteObjectCommand(version))).rejects.toThrow(/WORM|lock|denied/i);
  });

  test("one command swaps it back, rows and files", async () => {
    const back = await prod.restorable("rollback", "refresh", "--confirm", prod.confirm(), "--json");
    expect(back.exit, back.err).toBe(0);
    await answers(prod);
    const now = await holdingOf(prod.aide);
    expect(now.files).toEqual(later.files);
    expect(now.database).toBe(later.database);
    expect(now.wrong).toEqual([]);
  });

  test("[aide.4] [aide.8] in place: nothing is dropped before the safety backup of both is there and was read back", async () => {
    const { aide } = prod;
    const known = (await turns(aide)).length;
    const refused = await aide.withoutWorkers(async () => {
      await aide.exec(
        "sh",
        "-c",
        "mkdir /kept && mv /home/aide/images/* /kept && mkdir /home/aide/images/tests_vincent",
      );
      const answer = await restore(prod, whole.id, "--id", "no-safety", "--in-place");
      await aide.exec("sh", "-c", "cp -a /kept/. /home/aide/images && rm -r /kept");
      return answer;
    });
    expect(refused.exit).not.toBe(0);
    expect(refused.json()).toMatchObject({ ok: false, error: { code: "empty-source" } });
    expect((await turns(aide)).slice(known)).toEqual([]);
    await answers(prod);

    const done = await restore(prod, whole.id, "--id", "in-place", "--in-place");
    expect(done.exit, done.err).toBe(0);
    await isWhole(prod);
    const [safety] = nonEmpty(await prod.points());
    expect((done.json() as RestoreRecord).notes.join("\n")).toContain(`recovery point ${safety.id}`);
    const [drop] = nonEmpty((await turns(aide)).slice(known));
    expect(drop.statement).toContain("DROP DATABASE");
    expect(drop.inside).toEqual([]);
    expect(drop.at.getTime()).toBeGreaterThan(Date.parse(safety.manifest.finished));
    for (const artifact of artifactsOf(safety)) {
      expect(artifact.bytes, artifact.key).toBeGreaterThan(0);
      expect(sha256(await read(placeOf(artifact))), artifact.key).toBe(artifact.sha256);
    }
  });

  test("[aide.10] rows that do not count up and a page that does not answer end in an error", async () => {
    const { aide } = prod;
    const known = (await turns(aide)).length;
    const differs = await restore(prod, await forgedPoint(), "--id", "forged", "--unverified");
    expect([differs.exit, differs.json().error.code]).toEqual([8, "counts-differ"]);
    expect((await turns(aide)).slice(known)).toEqual([]);
    await answers(prod);

    const [image, away] = ["/home/aide/images/test/DJI_0000.jpg", "/home/aide/DJI_0000.jpg"];
    await aide.exec("mv", image, away);
    await prod.answer("backup");
    await aide.exec("mv", away, image);
    const [broken] = nonEmpty(await prod.points());
    const failed = await restore(prod, broken.id, "--id", "broken");
    expect([failed.exit, failed.json().error.code]).toEqual([11, "probe-failed"]);
    expect(await aide.celery()).not.toEqual([]);
    expect((await aide.look()).text).toBe("AIDE: project test lacks the image DJI_0000.jpg");
    const back = await prod.restorable("rollback", "broken", "--confirm", prod.confirm());
    expect(back.exit, back.err).toBe(0);
    await answers(prod);
  });

  test("a confirmation of another target is refused", async () => {
    await uat.up();
    await uat.request({
      id: "from-prod",
      from: { environment: "prod" },
      point: whole.id,
      into: { replace: {} },
      confirm: prod.confirm(),
    });
    const refused = await uat.stack.up();
    expect(refused.ok).toBe(false);
    expect(messages(refused.events, "error").join("\n")).toContain(`must equal '${uat.confirm()}'`);
    expect(await uat.aide.sql("SELECT datname FROM pg_database WHERE NOT datistemplate", "postgres")).toBe("postgres");
  });

  test("[aide.7] production onto uat, from PostgreSQL 13 onto a virgin 17: role, database, extension and grants are made, with uat's own password", async () => {
    await uat.request({ id: "from-prod", from: { environment: "prod" }, point: whole.id, into: { replace: {} } });
    await uat.up();
    await isWhole(uat);
    const roles = await uat.aide.sql(
      "SELECT rolname, rolsuper, rolcanlogin FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1",
      "postgres",
    );
    expect(roles.split("\n")).toEqual(["ailabeluser|f|t", "postgres|t|t", "restorable|t|t"]);
  });

  test("[aide.7] [aide.9] what an operator dumped by hand on another host restores, with the images of the same run", async () => {
    const [dump, images] = ["vbox-ailabeltooldb-20220803T084827.dump", "vbox-aide_images-20220803T084827.tar"];
    const { container } = prod.aide;
    const dumped = ["exec", "--user", "postgres", container, "pg_dump", "--port", "17685", "-Fc", "-d", DATABASE];
    const tarred = ["exec", container, "tar", "-c", "--exclude=./.restorable-*", "-C", "/home/aide/images", "."];
    const there = await prod.aide.withoutWorkers(async () => {
      await write(`aide/${dump}`, await printed(dumped));
      await write(`aide/${images}`, await printed(tarred));
      return holdingOf(prod.aide);
    });

    const sources = ["postgres", "aide_images"];
    await uat.request({ id: "vbox", point: { object: dump }, unverified: true, into: { replace: {} }, sources });
    await uat.up();
    const now = await holdingOf(uat.aide);
    expect(now.files).toEqual(there.files);
    expect(now.database).toBe(there.database);
    expect(now.wrong).toEqual([]);
    await answers(uat);
  });
});
