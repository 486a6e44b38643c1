import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CatalogPoint,
  ERROR_CODES,
  identityKey,
  isExpiring,
  type Manifest,
  newPointId,
  pointTime,
  type ResultOf,
  SCHEDULE_FILE,
  SECRETS_FILE,
} from "../../spec/index.ts";
import { copyPoint, type Writer } from "../runner/jobs/points.ts";
import { openedByHand } from "../support/by-hand.ts";
import { waitFor } from "../support/wait-for.ts";
import type { Chipster } from "../systems/chipster/chipster.ts";
import { ChipsterDeployment } from "./support/chipster-deployment.ts";
import { BUCKET, type ChipsterSite } from "./support/chipster-site.ts";

const FILES = 2000;
/** Large objects of the sessions' database. */
const LARGE_OBJECTS = "SELECT count(*) FROM pg_largeobject_metadata";

let deployment: ChipsterDeployment;
let chipster: Chipster;
let prod: ChipsterSite;

beforeAll(async () => {
  deployment = await ChipsterDeployment.make({ files: FILES });
  ({ chipster, prod } = deployment);
});
afterAll(() => deployment?.remove());

const EVERY_MINUTE = { cron: "* * * * *", timeZone: "Europe/Helsinki" };
const NIGHTLY = { cron: "10 1 * * *", timeZone: "Europe/Helsinki" };

const entryOf = <K extends "files" | "postgres">({ sources }: Manifest, kind: K, name: string) => {
  const found = sources.find((entry) => entry.name === name);
  if (found?.kind !== kind) throw new Error(`the point has no ${kind} of ${name}`);
  return found as Extract<typeof found, { kind: K }>;
};

/** What the runs of a plan are told: whoever may read the Secrets of the namespace writes points as they do. */
const writerOf = async (plan: string): Promise<Writer> => {
  const secret = JSON.parse(await chipster.kubectl("get", "secret", prod.objectName(plan), "--output", "json"));
  const file = (name: string) => JSON.parse(atob(secret.data[path.basename(name)]));
  return { plan: file(SCHEDULE_FILE).plan, secrets: file(SECRETS_FILE).secrets };
};

/** A run of a plan's schedule: its job, once more than its CronJob makes it. */
const runNow = async (plan: string): Promise<void> => {
  await chipster.kubectl("create", "job", "now", `--from=cronjob/${prod.objectName(plan)}`);
  const done = ["--for=condition=complete", "--timeout=300s"];
  await chipster.kubectl("wait", "job/now", ...done).catch(async (error) => {
    throw new Error(`${error}\n${await chipster.kubectl("logs", "job/now", "--tail=50").catch(String)}`);
  });
};

const DAY = 86_400_000;
/** Of which month a point is, by the calendar of the schedule. */
const monthOf = (id: string): string =>
  pointTime(id).toLocaleDateString("sv", { timeZone: NIGHTLY.timeZone }).slice(0, "2026-11".length);

/** Ids of two points of each of so many days before this one, and of two of each month of the three years before those. */
const idsOfThreeYears = (today: Date, days: number): readonly string[] => {
  const [year, month, day] = [today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()];
  const daily = Array.from({ length: days }, (_, n) =>
    [12, 13].map((hour) => Date.UTC(year, month, day - 1 - n, hour)),
  );
  const oldest = Math.min(...daily.flat());
  const monthly = Array.from({ length: 36 }, (_, n) => [10, 20].map((date) => Date.UTC(year, month - n, date, 12)));
  const times = [...daily.flat(), ...monthly.flat().filter((time) => time < oldest)];
  return times.map((time, n) => newPointId(new Date(time), n));
};

describe("Chipster's backups · kubernetes, postgres 17, versitygw", () => {
  test("[chipster.1] [chipster.2] by the schedule, vacuumlo first: a dump that fails hides no other and stops none", async () => {
    expect(await chipster.sql("session-db", LARGE_OBJECTS)).toBe("21");
    await prod.setSecrets({ authPassword: "not-its-password" });
    await prod.configure({ schedule: EVERY_MINUTE });
    await prod.up();
    const nightly = ["sessions", "job-history"] as const;
    await waitFor(
      "two of three dumps",
      async () => {
        const points = await Promise.all(nightly.map((plan) => prod.published(plan)));
        return points.every((ids) => ids.length > 0);
      },
      { seconds: 300, every: 500 },
    );
    expect(await prod.published("auth")).toEqual([]);
    expect(await chipster.sql("session-db", LARGE_OBJECTS)).toBe("1");

    // Nobody is woken for this one.
    expect((await prod.restorable("check", "--plan", "auth")).exit).toBe(ERROR_CODES.degraded.exit);

    await prod.setSecrets({ authPassword: String(chipster.passwords["auth-db-password"]) });
    await prod.configure({ schedule: NIGHTLY });
    await prod.up();
    await prod.answer("backup", "--plan", "auth");
    expect(await prod.published("auth")).toHaveLength(1);
  });

  test("[chipster.4] no Secret of the cluster holds the private key, and with it a dump opens on any machine", async () => {
    const secrets = JSON.parse(await chipster.kubectl("get", "secrets", "--output", "json")) as {
      readonly items: readonly { readonly data?: Readonly<Record<string, string>> }[];
    };
    const texts = secrets.items.flatMap(({ data = {} }) => Object.values(data)).map((text) => atob(text));
    expect(texts.length).toBeGreaterThan(8);
    // What is searched for would be found: the writer's key of the bucket is in there.
    expect(texts.some((text) => text.includes(deployment.store.root.secretAccessKey))).toBe(true);
    expect(texts.filter((text) => text.includes(prod.identity) || text.includes("AGE-SECRET-KEY-"))).toEqual([]);

    const point = await deployment.newest("auth");
    const [key = ""] = (await prod.keys(`auth/artifacts/${point.id}/`)).filter((name) => name.includes("auth.dump"));
    const sealed = { envelope: await prod.read(`auth/${identityKey(point.id)}`), artifact: await prod.read(key) };
    const dump = await openedByHand(deployment.directory, prod.identity, sealed);
    expect(dump.subarray(0, 5).toString()).toBe("PGDMP");
  });

  test("[chipster.6] the second backup of the files stores only what is new", async () => {
    await chipster.seed("new", 40);
    // The schedule may have taken more than one by now; the oldest holds everything.
    const first = (await prod.points("sessions")).at(-1) as CatalogPoint;
    const second = await prod.answer<ResultOf<"backup">>("backup", "--plan", "sessions");
    const before = entryOf(first.manifest, "files", "storage");
    const after = entryOf(second.manifest, "files", "storage");
    expect(before.snapshot?.addedBytes).toBeGreaterThan(FILES * 4096);
    expect(after.counts.files).toBeGreaterThanOrEqual(before.counts.files + 40);
    // Forty files, what users uploaded meanwhile, and restic's own trees: those are not a tenth of what was there.
    const uploaded = after.counts.bytes - before.counts.bytes;
    expect(Number(after.snapshot?.addedBytes) - uploaded).toBeLessThan((FILES * 4096) / 10);
  });

  test("[chipster.7] a run of the schedule keeps all of 60 days, 90 days and 24 months of three years, and nothing expires while a point lies in the future", async () => {
    const writer = await writerOf("job-history");
    const { manifest } = await deployment.newest("job-history");
    const now = Date.now();
    const past = idsOfThreeYears(new Date(now), 100);
    const daysAgo = (id: string) => Math.floor(now / DAY) - Math.floor(pointTime(id).getTime() / DAY);
    for (let n = 0; n < past.length; n += 8)
      await Promise.all(past.slice(n, n + 8).map((id) => copyPoint(writer, manifest, id)));
    const future = newPointId(new Date(now + 2 * DAY), 0);
    await copyPoint(writer, manifest, future);
    const staying = async () => (await prod.points("job-history")).filter((point) => !isExpiring(point));

    const { frozen } = await prod.answer<ResultOf<"prune">>("prune", "--plan", "job-history", "--confirm");
    expect(frozen.join()).toMatch(new RegExp(`point ${future} was begun .* in the future`));
    expect((await staying()).map(({ id }) => id)).toEqual(expect.arrayContaining([...past, future]));

    // As it has said: a person looks at it, and sets it aside.
    await prod.answer("mark", "quarantine", future, "--plan", "job-history", "--reason", "its clock was wrong");
    await runNow("job-history");
    const after = (await staying()).map(({ id }) => id).filter((id) => id !== future);
    const kept = after.filter((id) => past.includes(id));
    const between = (from: number, to: number) => kept.map(daysAgo).filter((ago) => ago >= from && ago <= to);
    expect(between(1, 58)).toHaveLength(2 * 58);
    expect(between(62, 88)).toHaveLength(27);
    expect(new Set(between(62, 88)).size).toBe(27);
    const older = kept.filter((id) => daysAgo(id) > 100).map(monthOf);
    expect(new Set(older).size).toBe(older.length);
    expect(new Set(after.map(monthOf)).size).toBe(24);
  });

  test("a server's passwords are taken out with the bucket and a private key, without the cluster and any state", async () => {
    const repository = `s3://${BUCKET}/chipster?endpoint=${deployment.store.endpoint}`;
    const publicKey = String((await prod.stack.outputs()).publicKey);
    const taken = await prod.takeOut(
      { repository, publicKey, keys: deployment.store.root },
      "passwords",
      deployment.directory,
    );
    expect(taken).toEqual(chipster.passwords);
  });

  test("[chipster.14] two intervals without a point of the sessions wake somebody", async () => {
    expect((await prod.restorable("check", "--plan", "sessions")).exit).toBe(0);
    await prod.configure({ schedule: EVERY_MINUTE });
    await prod.up();
    const names = await chipster.kubectl("get", "cronjobs", "--output", "name");
    const suspend = ["--patch", JSON.stringify({ spec: { suspend: true } })];
    await Promise.all(names.split("\n").map((name) => chipster.kubectl("patch", name, ...suspend)));
    // Where a run had begun before, its point is fresh for two minutes.
    const age = async () => Date.now() - pointTime(String((await prod.published("sessions")).at(-1))).getTime();
    await waitFor("two minutes", async () => (await age()) > 120_000, { seconds: 300, every: 1000 });
    const { checks } = await waitFor(
      "an alert",
      async () => {
        const { exit, json } = await prod.restorable("check", "--plan", "sessions", "--json");
        return exit === ERROR_CODES.unhealthy.exit ? (json() as ResultOf<"check">) : undefined;
      },
      { seconds: 60, every: 2000 },
    );
    expect(checks.filter(({ ok }) => !ok)).toMatchObject([
      { name: "fresh", detail: expect.stringContaining("the schedule allows 2 minutes") },
    ]);
  });
});
