import { randomBytes } from "node:crypto";
import { generateX25519Identity } from "age-encryption";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CatalogPoint } from "../../spec/index.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { waitFor } from "../support/wait-for.ts";
import { Aide, BUSY, DATABASE } from "../systems/aide/aide.ts";
import { type Holding, holdingOf } from "../systems/aide/holding.ts";
import { BUCKET, removeProject, Site } from "./support/aide-site.ts";
import { Place } from "./support/docker.ts";
import { type HostStore, startHostStore } from "./support/host-store.ts";

const PROJECT = `backups-${randomBytes(4).toString("hex")}`;
/** A point of everything, with the seeded projects as they are from then on. */
let whole: CatalogPoint;
let before: Holding;

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
  const stack = await PulumiStack.create({ stack: "aide-prod", project: PROJECT });
  const shared = { store, identity };
  prod = await Site.make(
    {
      ...shared,
      aide: old,
      stack,
      settings: {
        bucket: { create: bucket },
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
  expect(now.wrong).toEqual([]);
  expect(now.busy.rows).toBeGreaterThanOrEqual(rowsOf(whole, `${BUSY}.image`));
  await answers(site);
};

const rowsOf = ({ manifest }: CatalogPoint, table: string): number => {
  const entry = manifest.sources.find(({ kind }) => kind === "postgres");
  if (entry?.kind !== "postgres") throw new Error("the point has no database");
  return entry.counts.find(({ schema, table: name }) => `${schema}.${name}` === table)?.rows ?? Number.NaN;
};

describe("AIDE · docker, postgres 13 and 17, versitygw", () => {
  test("a backup under load", async () => {
    const busyRows = async () => Number(await prod.aide.sql(`SELECT count(*) FROM ${BUSY}.image`));
    const [least] = [await busyRows()];
    await prod.answer("backup");
    const most = await busyRows();
    before = await holdingOf(prod.aide);
    whole = (await prod.points())[0] as CatalogPoint;
    expect(rowsOf(whole, `${BUSY}.image`)).toBeGreaterThanOrEqual(least);
    expect(rowsOf(whole, `${BUSY}.image`)).toBeLessThanOrEqual(most);
  });

  test("[aide.5] database and images are destroyed: one request brings everything back", async () => {
    const { aide } = prod;
    await aide.sql(`DROP DATABASE ${DATABASE} WITH (FORCE)`, "postgres");
    await aide.exec("sh", "-c", "rm -rf /home/aide/images/*");
    expect((await aide.look()).status).toBe(500);
    await prod.request({ id: "disaster", point: whole.id, into: { replace: {} }, reason: "the disk was lost" });
    const started = await aide.state();
    let quiesced: string | undefined;
    const update = prod.stack.up();
    const watching = waitFor(
      "the workers to be stopped",
      async () => {
        if ((await aide.celery()).length > 0) return false;
        quiesced = await aide.state();
        return true;
      },
      { seconds: 120 },
    );
    const [run] = await Promise.all([update, watching]);
    expect(run.ok, run.text).toBe(true);
    expect(quiesced).toBe(started);
    expect(started).toMatch(/ running$/);
    await isWhole(prod);
    expect(await aide.celery()).not.toEqual([]);
    expect(await aide.state()).toBe(started);
  });
});
