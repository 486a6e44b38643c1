import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateX25519Identity } from "age-encryption";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CatalogPoint,
  ERROR_CODES,
  identityKey,
  type Manifest,
  pointTime,
  type RestoreRecord,
  type ResultOf,
} from "../../spec/index.ts";
import { openedByHand } from "../support/by-hand.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { type S3Server, startS3 } from "../support/s3-server.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { waitFor } from "../support/wait-for.ts";
import { Chipster } from "../systems/chipster/chipster.ts";
import { archiveDatabase } from "../systems/chipster/database-archives.ts";
import { archiveFiles, GpgHome, LARGE } from "../systems/chipster/file-archives.ts";
import { BUCKET, ChipsterSite } from "./support/chipster-site.ts";
import { HOST_ADDRESS } from "./support/kubectl.ts";

const ID = randomBytes(4).toString("hex");
const PROJECT = `backups-${ID}`;
/** A session as users have them, before anything happens. */
const OLD = "old";
const FILES = 2000;
const OPENED = `the work of years: ${FILES} files, mapped 7 reads`;
/** Large objects of the sessions' database. */
const LARGE_OBJECTS = "SELECT count(*) FROM pg_largeobject_metadata";

let store: S3Server;
let chipster: Chipster;
let prod: ChipsterSite;
let directory: string;

beforeAll(async () => {
  directory = await makeTempDir("chipster");
  const [stack, identity] = await Promise.all([
    PulumiStack.create({ stack: "chipster-prod", project: PROJECT, standIns: ["kubernetes"] }),
    generateX25519Identity(),
    Chipster.deploy(`chipster-${ID}`).then(async (deployed) => {
      chipster = deployed;
      await chipster.seed(OLD, FILES);
    }),
    startS3({ address: HOST_ADDRESS }).then((started) => {
      store = started;
    }),
  ]);
  const bucket = { create: { bucket: BUCKET, endpoint: store.endpoint } };
  prod = await ChipsterSite.make({ chipster, stack, project: PROJECT, store, identity, settings: { bucket } });
});

afterAll(async () => {
  // All that the stack has declared lies in its namespaces.
  await prod?.stack.remove();
  prod?.close();
  await chipster?.remove();
  await store?.stop();
  await removeTempDir(directory);
});

const EVERY_MINUTE = { cron: "* * * * *", timeZone: "Europe/Helsinki" };
const NIGHTLY = { cron: "10 1 * * *", timeZone: "Europe/Helsinki" };

const newest = async (plan: string): Promise<CatalogPoint> => {
  const [point] = await prod.points(plan);
  if (!point) throw new Error(`${plan} has no point`);
  return point;
};

const entryOf = <K extends "files" | "postgres">({ sources }: Manifest, kind: K, name: string) => {
  const found = sources.find((entry) => entry.name === name);
  if (found?.kind !== kind) throw new Error(`the point has no ${kind} of ${name}`);
  return found as Extract<typeof found, { kind: K }>;
};

const restore = (plan: string, ...args: readonly string[]) =>
  prod.restorable("restore", "--plan", plan, ...args, "--confirm", prod.confirm(plan), "--reason", "a test", "--json");

const restored = async (plan: string, ...args: readonly string[]): Promise<RestoreRecord> => {
  const { exit, out, err } = await restore(plan, ...args);
  if (exit !== 0) throw new Error(`${exit}\n${out}\n${err}`);
  return JSON.parse(out) as RestoreRecord;
};

describe("Chipster · kubernetes, postgres 17, versitygw", () => {
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
    expect(texts.some((text) => text.includes(store.root.secretAccessKey))).toBe(true);
    expect(texts.filter((text) => text.includes(prod.identity) || text.includes("AGE-SECRET-KEY-"))).toEqual([]);

    const point = await newest("auth");
    const [key = ""] = (await prod.keys(`auth/artifacts/${point.id}/`)).filter((name) => name.includes("auth.dump"));
    const sealed = { envelope: await prod.read(`auth/${identityKey(point.id)}`), artifact: await prod.read(key) };
    const dump = await openedByHand(directory, prod.identity, sealed);
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
    // Forty files, what was uploaded meanwhile, and restic's own trees: not a tenth of what was there.
    expect(after.snapshot?.addedBytes).toBeLessThan((FILES * 4096) / 10);
  });

  test("a server's passwords are taken out with the bucket and a private key, without the cluster and any state", async () => {
    const repository = `s3://${BUCKET}/chipster?endpoint=${store.endpoint}`;
    const publicKey = String((await prod.stack.outputs()).publicKey);
    const taken = await prod.takeOut({ repository, publicKey, keys: store.root }, "passwords", directory);
    expect(taken).toEqual(chipster.passwords);
  });

  test("[chipster.11] a restore that fails after everything was scaled to none gives every replica back, on its old data", async () => {
    const databases = (like: string) =>
      chipster.sql("session-db", `SELECT datname FROM pg_database WHERE datname LIKE '${like}'`, "postgres");
    const failing = restore("sessions", "--id", "trapped");
    // In the way of the swap, which comes last: a database of the name under which the live one will be kept.
    const beside = await waitFor("the copy beside", async () => (await databases("session_db_db_new_%")) || undefined, {
      seconds: 300,
      every: 200,
    });
    const trap = beside.replace("_new_", "_org_");
    await chipster.sql("session-db", `CREATE DATABASE ${trap}`, "postgres");
    const { out, err } = await failing;
    expect(JSON.parse(out), err).toMatchObject({ ok: false, error: { code: "cannot-swap" } });
    expect(JSON.parse(out).downtimeSeconds).toBeGreaterThan(0);
    expect(await chipster.replicas()).toEqual(Chipster.running);
    await chipster.isRunning();
    expect(await chipster.open(OLD)).toBe(OPENED);
    await chipster.check();
    await chipster.sql("session-db", `DROP DATABASE ${trap}`, "postgres");
    expect(await databases("session_db_db_%")).toBe("");
  });

  test("[chipster.10] the database only, the files only, one file back in its place, one table: each as it was, and nothing else", async () => {
    const [file = ""] = (await chipster.exec("bash", "-c", "cd storage; find old -type f | sort")).split("\n");
    const sum = await chipster.exec("sha512sum", `storage/${file}`);
    await chipster.exec("bash", "-c", `rm "storage/${file}"; echo newer > storage/made-since`);
    const one = await restored("sessions", "--source", "storage", "--path", file, "--in-place", "--id", "one-file");
    expect(one).toMatchObject({ ok: true, request: { only: { paths: [file] } } });
    expect(await chipster.exec("sha512sum", `storage/${file}`)).toBe(sum);
    expect(await chipster.exec("cat", "storage/made-since")).toContain("newer");
    expect(one.notes.join("\n")).toMatch(/1 of the point's \d+ files in 'storage', 4096 of \d+ bytes/);

    const table = await restored("sessions", "--table", "job", "--database", "session_check", "--id", "one-table");
    expect(table).toMatchObject({ ok: true, downtimeSeconds: 0 });
    const tables = "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'";
    expect(await chipster.sql("session-db", tables, "session_check")).toBe("job");
    const jobs = "SELECT count(*) FROM job";
    expect(await chipster.sql("session-db", jobs, "session_check")).not.toBe("0");

    await chipster.sql("session-db", "DELETE FROM job");
    const rows = await restored("sessions", "--source", "session-db", "--id", "database-only");
    expect(rows.checks.every(({ name }) => !name.startsWith("storage"))).toBe(true);
    expect(await chipster.sql("session-db", jobs)).toBe(await chipster.sql("session-db", jobs, "session_check"));
    expect(await chipster.exec("cat", "storage/made-since")).toContain("newer");

    const files = await restored("sessions", "--source", "storage", "--volume", "files-only", "--id", "files-only");
    expect(files).toMatchObject({ ok: true, downtimeSeconds: 0 });
    expect(files.checks.length).toBeGreaterThan(0);
    expect(files.checks.every(({ name }) => name.startsWith("storage"))).toBe(true);
    expect(await chipster.exec("cat", "storage/made-since")).toContain("newer");
    expect(await chipster.open(OLD)).toBe(OPENED);
  });
  test("[chipster.10] rows and files are lost: one request brings both back, and every replica", async () => {
    await chipster.sql("session-db", "TRUNCATE session, file, job");
    // Somebody writes there meanwhile.
    await chipster.exec("bash", "-c", "until rm -rf storage/*; do :; done");
    await expect(chipster.open(OLD)).rejects.toThrow(/cannot open/);
    expect(await restored("sessions", "--id", "both")).toMatchObject({ ok: true });
    expect(await chipster.replicas()).toEqual(Chipster.running);
    await chipster.isRunning();
    expect(await chipster.open(OLD)).toBe(OPENED);
    await chipster.check();
  });

  describe("what its own backup archived", () => {
    let gpg: GpgHome;
    let keyFile: string;

    beforeAll(async () => {
      gpg = await GpgHome.make();
      const identity = await gpg.generate("chipster-backup");
      keyFile = path.join(directory, "private-key.asc");
      await writeFile(keyFile, identity, { mode: 0o600 });
      await prod.setSecrets({ identity });
    });
    afterAll(async () => {
      await prod.setSecrets({ identity: prod.identity });
      await gpg.close();
    });

    test("[chipster.5] [chipster.9] nothing before its last object, a flipped bit by its file, then files into a claim of their own", async () => {
      const tree = await mkdtemp(path.join(directory, "archived-"));
      const names = ["0a1b", "0a2c", "ff00"];
      for (const name of names) await mkdir(path.join(tree, name.slice(0, 2)), { recursive: true });
      for (const name of names) await writeFile(path.join(tree, name.slice(0, 2), name), randomBytes(LARGE / 2));
      const encrypt = ["--recipient", "chipster-backup", "--always-trust", "--encrypt"];
      const { tars, infoKey, info } = await archiveFiles(gpg, tree, "2021-03-01T01:10:00.123Z", { encrypt });
      for (const [key, body] of tars) await prod.write(key, body);
      const wanted = ["--object", infoKey, "--unverified", "--source", "storage", "--volume", "old-files"];
      const early = await restore("sessions", "--id", "too-early", ...wanted);
      expect(early.exit).toBe(ERROR_CODES["unknown-point"].exit);
      await prod.write(infoKey, info);

      const [[key, body] = ["", Buffer.of()]] = [...tars];
      const flipped = Buffer.from(body);
      const middle = flipped.length >> 1;
      flipped.writeUInt8(flipped.readUInt8(middle) ^ 1, middle);
      await prod.write(key, flipped);
      const readWith = ["--plan", "sessions", "--object", infoKey, "--identity", keyFile, "--json"];
      const read = await prod.restorable("verify", ...readWith);
      expect([read.exit, read.json()]).toMatchObject([
        ERROR_CODES.corrupt.exit,
        { checks: [{ name: infoKey, ok: false, detail: expect.stringMatching(/0a1b|0a2c|ff00/) }] },
      ]);
      await prod.write(key, body);

      const { ok, checks } = await restored("sessions", "--id", "old-files", ...wanted);
      expect(ok).toBe(true);
      const bytes = (names.length * LARGE) / 2;
      for (const [noun, detail] of Object.entries({ files: names.length, directories: 3, bytes }))
        expect(checks).toContainEqual({ name: `storage: ${noun}`, ok: true, detail: `${detail}, as in the manifest` });
      expect(await chipster.kubectl("get", "pvc", "old-files", "--output", "jsonpath={.status.phase}")).toBe("Bound");
    });

    test("[chipster.12] dumps with --clean and without load to the same rows", async () => {
      await chipster.sql("session-db", "CREATE TABLE kept AS SELECT n, md5(n::text) FROM generate_series(1, 300) n");
      const rows = "SELECT count(*), md5(string_agg(kept::text, ',' ORDER BY n)) FROM kept";
      const server = ["exec", "chipster-session-db-postgresql-0", "--", "pg_dump", "--username=postgres"];
      for (const [day, database, options] of [
        ["02", "from_plain", []],
        ["03", "from_clean", ["--clean"]],
      ] as const) {
        const dump = `${await chipster.kubectl(...server, ...options, "session_db_db")}\n`;
        expect(dump.includes("DROP TABLE")).toBe(options.length > 0);
        const made = await archiveDatabase(gpg, Buffer.from(dump), `2021-03-${day}T01:10:00.123Z`);
        await prod.write(made.tarKey, made.tar);
        await prod.write(made.infoKey, made.info);
        const wanted = ["--object", made.infoKey, "--unverified", "--source", "session-db", "--database", database];
        expect(await restored("sessions", "--id", database, ...wanted)).toMatchObject({ ok: true });
        expect(await chipster.sql("session-db", rows, database)).toBe(await chipster.sql("session-db", rows));
      }
      await chipster.sql("session-db", "DROP TABLE kept");
    });
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
