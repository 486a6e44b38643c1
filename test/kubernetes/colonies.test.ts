import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type CatalogPoint,
  coloniesResult,
  isExpiring,
  isProven,
  pointTime,
  type RestoreRecord,
  type ResultOf,
} from "../../spec/index.ts";
import { makeServerCertificate } from "../../tools/servers/server-certificate.ts";
import { type CountingProxy, isStored, startCountingProxy } from "../support/counting-proxy.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { type S3Server, startS3 } from "../support/s3-server.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { startTlsFront, type TlsFront } from "../support/tls-front.ts";
import { waitFor } from "../support/wait-for.ts";
import { Colonies } from "../systems/colonies/colonies.ts";
import { BUCKET, ColoniesSite } from "./support/colonies-site.ts";
import { apply, HOST_ADDRESS, kubectl } from "./support/kubectl.ts";

const ID = randomBytes(4).toString("hex");
const PROJECT = `backups-${ID}`;
/** Of rehearsals. */
const SCRATCH = `colonies-scratch-${ID}`;
const OFTEN = { cron: "*/10 * * * * *", timeZone: "Europe/Stockholm" };
const NIGHTLY = { cron: "0 0 1 * * *", timeZone: "Europe/Stockholm" };
/** What Colonies' own executor stored, and what is nobody's dump. */
const FOREIGN = ["backups/backup_1685968191.bak", "backups/notes.txt"];

const SEED = `
  CREATE TABLE samples (at timestamptz NOT NULL, value double precision);
  SELECT create_hypertable('samples', 'at', chunk_time_interval => interval '1 day');
  INSERT INTO samples SELECT '2026-01-01Z'::timestamptz + n * interval '1 hour', n FROM generate_series(0, 299) n;`;

/** Each of these questions is a process. */
const LONG = { seconds: 200, every: 500 };

interface Run {
  readonly id: string;
  readonly state: string;
  readonly by?: string;
  readonly point?: string;
  readonly error?: string;
}

let directory: string;
let store: S3Server;
/** Between the store and its front. */
let line: CountingProxy;
let front: TlsFront;
let colonies: Colonies;
let site: ColoniesSite;
const password = randomBytes(16).toString("hex");

beforeAll(async () => {
  directory = await makeTempDir("colonies");
  const { certificateFile, keyFile } = await makeServerCertificate(directory);
  const [cert, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
  store = await startS3();
  // Its certificate is for another name, and of an authority that nobody knows.
  line = await startCountingProxy(store.endpoint);
  front = await startTlsFront(line.endpoint, { cert, key }, HOST_ADDRESS);
  colonies = await Colonies.make(`colonies-${ID}`);
  const [stack, identity, drillKey] = await Promise.all([
    PulumiStack.create({ stack: "colonies-prod", project: PROJECT, standIns: ["kubernetes"] }),
    generateX25519Identity(),
    generateX25519Identity(),
  ]);
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: SCRATCH, labels } });
  site = await ColoniesSite.make({
    ...{ colonies, stack, project: PROJECT, store, identity, password },
    endpoint: `https://${HOST_ADDRESS}:${front.port}`,
    settings: {
      layout: {},
      recipients: await Promise.all([identity, drillKey].map(identityToRecipient)),
      schedule: OFTEN,
      retention: { keepLast: 3, minimum: 1 },
      rehearsal: { namespace: SCRATCH, schedule: NIGHTLY, memory: 512 * 1024 ** 2 },
    },
  });
  await site.setSecrets({ rehearsalIdentity: drillKey });
  await site.up();
  await colonies.isRunning();
  for (const name of FOREIGN) await site.put(name, "theirs");
  await colonies.sql(SEED);
  await colonies.startWriter();
});

afterAll(async () => {
  // All that the stack has declared lies in its namespaces.
  await site?.stack.remove();
  site?.close();
  await colonies?.remove();
  await kubectl("delete", "namespace", SCRATCH, "--ignore-not-found", "--wait=false");
  front?.close();
  await line?.close();
  await store?.stop();
  await removeTempDir(directory);
});

afterEach(() => {
  line.judge = () => "pass";
});

const keyOf = (point: string): string => `backups/backup_${pointTime(point).getTime() / 1000}.bak`;

const runs = async (...options: readonly string[]): Promise<readonly Run[]> =>
  (await site.answer<{ readonly runs: readonly Run[] }>("runs", ...options)).runs;

/** The first of these runs for which this is so. */
const oneOf = (state: string, is: (run: Run) => boolean = () => true): Promise<Run> =>
  waitFor(`a run that is ${state}`, async () => (await runs(state)).find(is), { seconds: 120, every: 1000 });

const newest = async (): Promise<CatalogPoint> => {
  const [point] = await site.points();
  if (!point) throw new Error("there is no point");
  return point;
};

const restored = async (...args: readonly string[]): Promise<RestoreRecord> => {
  const guarded = ["--confirm", site.confirm(), "--reason", "a test", "--json"];
  const { exit, out, err } = await site.restorable("restore", ...args, ...guarded);
  if (exit !== 0) throw new Error(`${exit}\n${out}\n${err}`);
  return JSON.parse(out) as RestoreRecord;
};

const samples = (database = "postgres") => colonies.sql("SELECT count(*) FROM samples", database);
const restoring = (database = "postgres") => colonies.sql("SHOW timescaledb.restoring", database);

/** Dumps of its own executor and files of others are not ours. */
const own = async () => (await site.dumps()).filter((name) => !FOREIGN.includes(name));
const log = () => colonies.kubectl("logs", "timescaledb-statefulset-0", "--container", "backup");
/** Waits until the sidecar has said so many times more what a run ended with. */
const saidAgain = async (what: RegExp, times: number): Promise<void> => {
  const said = async () => (await log()).split("\n").filter((each) => what.test(each)).length;
  const before = await said();
  await waitFor(`${what} ${times} times more`, async () => (await said()) >= before + times, LONG);
};

describe("Colonies · kubernetes, timescaledb 2.19.3 on 17, versitygw", () => {
  test("[colonies.4] [colonies.11] the sidecar takes dumps to a self-signed store; after N+2 runs exactly N remain", async () => {
    const seen = new Set<string>();
    let most = 0;
    await waitFor(
      "five runs, and the newest three dumps of them alone",
      async () => {
        const there = await own();
        for (const name of there) seen.add(name);
        most = Math.max(most, there.length);
        return seen.size >= 5 && there.join() === [...seen].sort().slice(-3).join();
      },
      { seconds: 400, every: 500 },
    );
    // Three, and the newest, which is there before the oldest goes.
    expect(most).toBeLessThanOrEqual(4);
    await site.configure({ schedule: NIGHTLY });
    await site.up();
    await colonies.isRunning();
    // Its pod is another one now: a run may have ended with the old one, at any of its steps.
    const kept = (await site.points()).filter((point) => !isExpiring(point)).map(({ id }) => keyOf(id));
    expect(await own()).toEqual(expect.arrayContaining(kept));
    for (const name of FOREIGN) expect(await site.size(name)).toBe(6);
  });

  test("[colonies.12] credentials are in Secrets, and in no ConfigMap, no pod's description and no log", async () => {
    const secrets = [password, store.root.secretAccessKey, site.identity];
    const texts = await Promise.all([
      colonies.kubectl("get", "configmaps,pods,statefulsets,jobs,events", "--output", "json"),
      colonies.kubectl("logs", "timescaledb-statefulset-0", "--all-containers"),
    ]);
    expect(texts[1]).toContain("the next run begins at");
    for (const text of texts) for (const secret of secrets) expect(text).not.toContain(secret);
    const inSecrets = await colonies.kubectl("get", "secrets", "--output", "json");
    expect(inSecrets).toContain(Buffer.from(password).toString("base64"));
  });

  test("[colonies.3] [colonies.7] one command is one Job, and answers with the seven keys", async () => {
    const running = site.answer("backup", "--as", "colonies");
    const jobs = new Set<string>();
    let isOver = false;
    const watched = (async () => {
      while (!isOver) {
        const names = await colonies.kubectl("get", "jobs", "--output", "name");
        for (const name of names.split("\n").filter(Boolean)) jobs.add(name);
        await pause(250);
      }
    })();
    const answer = await running.finally(() => {
      isOver = true;
    });
    await watched;
    expect(jobs.size).toBe(1);
    const result = coloniesResult.parse(answer);
    expect(Object.keys(answer as object)).toHaveLength(7);
    expect(result).toMatchObject({ bucket: "backup", filepath_s3: `/${keyOf((await newest()).id)}` });
    expect(result.size_s3).toBe(await site.size(result.filepath_s3.slice(1)));
    expect(result.size).toBe(result.size_s3);
  });

  test("[colonies.9] [colonies.10] [colonies.13] what was lost comes back while the writer goes on, chunk for chunk", async () => {
    const { id, manifest } = await newest();
    expect(manifest.sources).toMatchObject([
      { server: { major: 17 }, extensions: expect.arrayContaining([expect.objectContaining({ version: "2.19.3" })]) },
    ]);
    await colonies.sql("TRUNCATE samples");
    const record = await restored(id, "--id", "lost");
    expect(record).toMatchObject({ ok: true, superseded: [expect.stringMatching(/^postgres_org_/)] });
    const compared = record.checks.find(({ name }) => name.startsWith("hypertables of"));
    expect(compared).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/^2 hypertables, (\d+ rows in \d+ chunks); the manifest says 2 hypertables, \1$/),
    });
    expect(await samples()).toBe("300");
    expect(await restoring()).toBe("off");
    const written = await colonies.sql("SELECT count(*) FROM processes");
    await waitFor("the writer", async () => (await colonies.sql("SELECT count(*) FROM processes")) > written);
  });

  test("[colonies.13] a rehearsal that the stack declares restores the newest point elsewhere, chunk for chunk, and proves it", async () => {
    const inScratch = ["--namespace", SCRATCH] as const;
    await kubectl(...inScratch, "create", "job", "now", `--from=cronjob/${site.objectName("colonies-drill")}`);
    await kubectl(...inScratch, "wait", "job/now", "--for=condition=complete", "--timeout=300s").catch(
      async (error) => {
        throw new Error(
          `${error}\n${await kubectl(...inScratch, "logs", "job/now", "--all-containers").catch(String)}`,
        );
      },
    );
    const point = await newest();
    expect(isProven(point)).toBe(true);
    expect(point.proofs[0]?.proof.checks).toContainEqual({
      name: "hypertables of 'timescaledb'",
      ok: true,
      detail: expect.stringMatching(/^2 hypertables, (\d+ rows in \d+ chunks); the manifest says 2 hypertables, \1$/),
    });
  });

  test("production onto uat by the first `pulumi up` there, which makes the server too: chunk for chunk, with uat's own password", async () => {
    const own = await Colonies.make(`colonies-uat-${ID}`);
    const uat = await ColoniesSite.make({
      ...{ colonies: own, stack: await site.stack.sibling("colonies-uat"), project: PROJECT, store },
      ...{ identity: site.identity, password: randomBytes(16).toString("hex") },
      endpoint: `https://${HOST_ADDRESS}:${front.port}`,
      settings: {
        bucket: { existing: { bucket: BUCKET, endpoint: `https://${HOST_ADDRESS}:${front.port}`, insecure: true } },
        from: [{ environment: "prod", stack: `organization/${PROJECT}/colonies-prod` }],
        stop: [],
      },
    });
    try {
      const { id } = await newest();
      await uat.request({ id: "from-prod", from: { environment: "prod" }, into: { replace: {} } });
      await uat.up();
      const record = (await uat.stack.outputs()).record as RestoreRecord;
      expect(record).toMatchObject({ ok: true, from: { environment: "prod", point: id } });
      expect(record.checks.find(({ name }) => name.startsWith("hypertables of"))).toMatchObject({ ok: true });
      expect(await own.sql("SELECT count(*) FROM samples")).toBe("300");
      expect(await own.sql("SHOW timescaledb.restoring")).toBe("off");
      expect(await samples()).toBe("300");
    } finally {
      uat.close();
      await own.remove();
    }
  });

  test("[colonies.9] a dump of Colonies' own executor restores by its key, in TimescaleDB's way", async () => {
    const old = await colonies.kubectl(
      ...["exec", "timescaledb-statefulset-0", "--container", "timescaledb-container", "--"],
      ...["bash", "-c", "pg_dump --username postgres --format=custom postgres | base64 --wrap=0"],
    );
    await site.put(FOREIGN[0] as string, Buffer.from(old, "base64"));
    const listed = await site.answer<ResultOf<"catalog">>("list");
    expect(listed.old?.map(({ key, time }) => [key, time])).toEqual([[FOREIGN[0], "2023-06-05T12:29:51"]]);
    const read = await site.answer<ResultOf<"inspect">>("verify", "--object", FOREIGN[0] as string);
    expect(read).toMatchObject({
      healthy: true,
      checks: [{ name: FOREIGN[0], ok: true, detail: expect.stringMatching(/^a dump of PostgreSQL 17\./) }],
    });
    const args = ["--object", FOREIGN[0] as string, "--unverified", "--database", "from_2023", "--id", "old"];
    expect(await restored(...args)).toMatchObject({ ok: true });
    expect(await samples("from_2023")).toBe("300");
    expect(await restoring("from_2023")).toBe("off");
  });

  test("[colonies.8] runs that succeeded, failed and run now, the next one, and logs: one command each", async () => {
    const before = await site.dumps();
    await site.configure({ schedule: OFTEN });
    await site.up();
    await colonies.isRunning();
    await waitFor("a dump", async () => (await site.dumps()).some((name) => !before.includes(name)), LONG);
    // The pod is another one than before: of older runs only the points are left.
    const good = await oneOf("--succeeded", ({ by }) => by === "schedule");
    expect((await site.restorable("logs", good.id)).out).toContain("publishing recovery point");

    // Its own dump waits for this table.
    const locked = colonies.sql("BEGIN; LOCK TABLE samples; SELECT pg_sleep(300)").catch(() => undefined);
    const waits = "wait_event_type = 'Lock' AND application_name <> 'psql'";
    const waiting = async () => (await colonies.sql(`SELECT pid FROM pg_stat_activity WHERE ${waits}`)) !== "";
    await waitFor("a dump that waits", waiting, LONG);
    expect(await oneOf("--running")).toMatchObject({ state: "running" });
    await colonies.sql("ALTER ROLE postgres PASSWORD 'another'");
    await colonies.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' AND pid <> pg_backend_pid()",
    );
    await locked;
    await waitFor("a login that fails", async () => /password authentication failed/.test(await log()), LONG);
    const bad = await oneOf("--failed", ({ error = "" }) => /password/.test(error));
    expect(bad).toMatchObject({ state: "failed", error: expect.stringMatching(/password|credentials|log in/i) });
    expect((await site.restorable("logs", bad.id)).out).toContain("password authentication failed");
    await colonies.sql(`ALTER ROLE postgres PASSWORD '${password}'`);
    const { next, last } = await site.answer<{ readonly next: string; readonly last: Run }>("next");
    expect(Date.parse(next)).toBeGreaterThan(Date.now() - 60_000);
    expect(last.state).toMatch(/succeeded|failed/);
  });

  test("[colonies.5] a dump that the store says is of another size ends the run, and nothing older goes", async () => {
    line.judge = ({ method, url }) =>
      method === "HEAD" && url.includes("/backup_") && isStored(line, url) ? { contentLength: 7 } : "pass";
    // From the first one that ended so on, none has published.
    await saidAgain(/holds 7 bytes/, 1);
    const before = [await own(), (await site.points()).map(({ id }) => id)] as const;
    await saidAgain(/holds 7 bytes/, 2);
    const after = [await own(), (await site.points()).map(({ id }) => id)] as const;
    expect(before[1].length).toBeGreaterThanOrEqual(3);
    expect(after[0]).toEqual(expect.arrayContaining([...before[0]]));
    expect(after[1]).toEqual(before[1]);
  });

  test("[colonies.6] an upload that fails leaves no byte of the dump in the pod", async () => {
    const bytes = (await site.size((await own())[0] as string)) ?? 0;
    line.judge = ({ method, url }) => (method === "PUT" && url.includes("/backup_") ? 403 : "pass");
    await saidAgain(/writing backups\/backup_\d+\.bak .* failed/, 1);
    const inPod = ["exec", "timescaledb-statefulset-0", "--container", "backup", "--"];
    const sizes = await colonies.kubectl(...inPod, "find", "/tmp", "-type", "f", "-printf", "%s\\n");
    const held = sizes.split("\n").reduce((sum, size) => sum + Number(size), 0);
    expect(held).toBeLessThan(bytes);
  });

  test("[colonies.2] another database in the configuration is the one that is dumped", async () => {
    await colonies.sql("CREATE DATABASE science");
    await colonies.sql("CREATE TABLE only_here AS SELECT 1 AS n", "science");
    await site.configure({ database: "science", schedule: NIGHTLY });
    await site.up();
    await colonies.isRunning();
    await site.answer("backup");
    const counts = [{ schema: "public", table: "only_here", rows: 1 }];
    expect((await newest()).manifest.sources).toMatchObject([{ database: "science", counts }]);
    await site.configure({ database: "postgres" });
  });

  test("[colonies.1] seconds first become a CronJob's five fields with the zone; other seconds are refused", async () => {
    await site.configure({ run: "cronJob", schedule: { ...NIGHTLY, cron: "5 0 1 * * *" } });
    const refused = await site.stack.preview();
    expect(refused.ok).toBe(false);
    expect(refused.text).toContain("seconds '5' cannot run on this scheduler");
    await site.configure({ schedule: NIGHTLY });
    await site.up();
    const [cronJob] = JSON.parse(await colonies.kubectl("get", "cronjobs", "--output", "json")).items;
    expect(cronJob.spec).toMatchObject({ schedule: "0 1 * * *", timeZone: "Europe/Stockholm" });
  });
});
