import { mkdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Manifest, ResultOf } from "../../spec/index.ts";
import { OLD_DUMP } from "../runner/old/old-dump.ts";
import { messages } from "../support/engine-events.ts";
import { type PulumiRun, PulumiStack } from "../support/pulumi-stack.ts";
import { makeTempDir, removeTempDir, tempDir } from "../support/temp-dir.ts";
import { waitFor } from "../support/wait-for.ts";
import { Operator } from "../systems/topobank/operator.ts";
import { Topobank } from "../systems/topobank/topobank.ts";
import { docker, Place, unique } from "./support/docker.ts";
import { type HostStore, startHostStore } from "./support/host-store.ts";

const MEDIA = "topobank-assets-production";
const DUMPS = "topobank-dumps-production";
const UAT = { media: "topobank-assets-uat", dumps: "topobank-dumps-uat" };
/** As the operators' procedure asks for: so long nothing may write. */
const QUIET_SECONDS = 30;
const errors = ({ events }: PulumiRun): string => messages(events, "error").join("\n");

describe("TopoBank · docker, postgres 17, versitygw, pulumi", () => {
  let place: Place;
  let directory: string;
  let store: HostStore;
  let topobank: Topobank;
  let stack: PulumiStack;
  let operator: Operator;
  let first: Manifest;
  let second: Manifest;

  beforeAll(async () => {
    place = await Place.make();
    directory = await makeTempDir("topobank");
    store = await startHostStore(place);
    await store.makeBucket(MEDIA);
    topobank = await Topobank.make({ project: unique("production"), directory, media: { ...store, bucket: MEDIA } });
    await topobank.create();
    await topobank.supervise();
    await waitFor("the tables", () => topobank.migrate(), { seconds: 120 });
    // The project's name is in every name that the stack has on the host, so that two runs of this test do not meet.
    const project = unique("backups");
    stack = await PulumiStack.create({ stack: "topobank-prod", project, standIns: ["docker"] });
    operator = await Operator.make({ stack, project, topobank, store, dumps: DUMPS, media: MEDIA });
    await operator.up();
    await topobank.answers();
  });

  afterAll(async () => {
    await stack?.destroy();
    await operator?.clearHost();
    await topobank?.remove();
    await place?.remove();
    await stack?.remove();
    await removeTempDir(directory);
  });

  const put = (name: string, Body: string) =>
    store.client.send(new PutObjectCommand({ Bucket: MEDIA, Key: `media/topographies/${name}.dat`, Body }));

  /** A measurement with its file, that nobody else writes. */
  const measure = async (name: string): Promise<void> => {
    await put(name, `heights of ${name}`);
    await topobank.sql(
      `INSERT INTO manager_topography (surface_id, datafile, description)
       SELECT min(id), 'topographies/${name}.dat', 'measured' FROM manager_surface`,
    );
  };

  /** Which of these measurements the database has. */
  const measured = async (...names: readonly string[]): Promise<readonly string[]> => {
    const files = names.map((name) => `'topographies/${name}.dat'`).join(", ");
    const found = await topobank.sql(`SELECT datafile FROM manager_topography WHERE datafile IN (${files})`);
    return names.filter((name) => found.includes(`topographies/${name}.dat`));
  };

  const backup = async (): Promise<Manifest> => (await operator.json<{ manifest: Manifest }>("backup")).manifest;
  const points = async (): Promise<readonly string[]> =>
    (await operator.json<ResultOf<"catalog">>("list")).points.map(({ id }) => id);

  test("the model: to stop the containers does not help, to stop supervisor does", async () => {
    await docker("stop", topobank.container("django"));
    await topobank.answers();
    const ctl = async (command: "start" | "stop") => {
      const [program = "", ...args] = topobank.supervisorctl(command);
      return (await execa(program, args)).stdout;
    };
    expect(await ctl("stop")).toBe("STOPPED");
    expect((await topobank.look()).status).toBe(0);
    expect(await ctl("start")).toBe("RUNNING");
    await topobank.answers();
  });

  test("[topobank.5] [topobank.9] at preview: no dumps in the bucket of media, and no restore that means another stack", async () => {
    await operator.configure({ dumps: { endpoint: store.endpoint, bucket: MEDIA } });
    const shared = await stack.preview();
    expect(shared.ok).toBe(false);
    expect(errors(shared)).toContain(`'${MEDIA}'`);
    expect(errors(shared)).toContain("put the repository into another bucket");
    await operator.configure({ dumps: { endpoint: store.endpoint, bucket: DUMPS } });

    const local = await operator.restore({ id: "for-local", confirm: operator.confirm.replace("-prod/", "-local/") });
    expect(local.ok).toBe(false);
    expect(errors(local)).toContain(`must equal '${operator.confirm}', the target of this restore`);
    await operator.forget();
  });

  test("[topobank.7] a backup under load is one point of database, media and encrypted .envs, named as go-s3-backup names it", async () => {
    await measure("first");
    first = await backup();
    const [database, media, envs] = first.sources;
    if (database?.kind !== "postgres" || media?.kind !== "objects" || envs?.kind !== "files")
      throw new Error(`the point holds ${first.sources.map(({ kind }) => kind).join(", ")}`);
    expect(database).toMatchObject({ database: "topobank" });
    expect(media).toMatchObject({ bucket: MEDIA, prefix: "media" });
    // Every row of the snapshot has its object: files may be newer than rows, never older.
    const rows = database.counts.find(({ table }) => table === "manager_topography")?.rows ?? 0;
    expect(rows).toBeGreaterThan(0);
    expect(media.counts.objects).toBeGreaterThanOrEqual(rows);
    expect(envs).toMatchObject({ counts: { files: 2 }, artifacts: [{ encryption: "age" }] });

    const [dump] = database.artifacts;
    expect(dump?.key).toMatch(/^backup\/postgres-backup-\d{14}\.sql$/);
    const { Body } = await store.client.send(new GetObjectCommand({ Bucket: DUMPS, Key: dump?.key }));
    expect(await Body?.transformToString()).toContain("-- PostgreSQL database dump");
    await measure("second");
    second = await backup();
  });

  test("[topobank.8] supervisor that nobody names starts the application again: the restore says so, and nothing changed", async () => {
    await operator.configure({ supervisor: "none" });
    const run = await operator.restore({ id: "no-supervisor", point: first.id });
    expect(run.ok).toBe(false);
    expect(errors(run)).toMatch(/runs? again after being stopped; something starts it: name that supervisor/);
    expect(await measured("first", "second")).toEqual(["first", "second"]);
    await topobank.answers();
    const { supervisorctl: ctl } = topobank;
    await operator.configure({ supervisor: { stop: ctl("stop"), start: ctl("start") } });
  });

  test("[topobank.8] [topobank.10] a named point: supervisor is stopped, for 30 s nobody is connected, then the point is live", async () => {
    await topobank.sql("DELETE FROM manager_topography WHERE datafile ~ 'first|second'");
    await operator.configure({ quietSeconds: QUIET_SECONDS });
    const watched = watch();
    const run = await operator.restore({ id: "named", point: first.id });
    const quiet = await watched.longest();
    expect(run.ok, run.text).toBe(true);
    expect(quiet).toBeGreaterThanOrEqual(QUIET_SECONDS - 1);
    expect(await measured("first", "second")).toEqual(["first"]);
    await topobank.answers();
    await operator.configure({ quietSeconds: 1 });
  });

  /** Asks again and again who of the application is connected; answers with the longest time that it was nobody, in seconds. */
  const watch = () => {
    const clients = "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('django', 'celery')";
    let [since, longest, over]: [number | undefined, number, boolean] = [undefined, 0, false];
    const watching = (async () => {
      while (!over) {
        // A server that is stopped for a moment has nobody connected either.
        const connected = await topobank.sql(clients, "postgres").catch(() => "0");
        const now = performance.now();
        since = connected === "0" ? (since ?? now) : undefined;
        longest = Math.max(longest, since === undefined ? 0 : now - since);
      }
    })();
    return {
      longest: async () => {
        over = true;
        await watching;
        return longest / 1000;
      },
    };
  };

  test("[topobank.10] the latest point: what it replaced is kept, and swaps back", async () => {
    await measure("between");
    const run = await operator.restore({ id: "latest" });
    expect(run.ok, run.text).toBe(true);
    expect(await measured("first", "second", "between")).toEqual(["first", "second"]);
    await topobank.answers();
    const record = await operator.record();
    expect(record).toMatchObject({ ok: true, from: { point: second.id } });
    expect(record.superseded).toContainEqual(expect.stringMatching(/^topobank_org_/));

    await operator.json("rollback", "latest", "--confirm", operator.confirm);
    expect(await measured("first", "second", "between")).toEqual(["first", "between"]);
    await topobank.answers();
  });

  test("[topobank.6] [topobank.12] a deleted object is listed as missing, a stray one as extra; the deleted one comes back", async () => {
    await measure("a-deleted");
    await backup();
    await put("a-stray", "nobody's");
    const Key = "media/topographies/a-deleted.dat";
    await store.client.send(new DeleteObjectCommand({ Bucket: MEDIA, Key }));
    expect(await topobank.look()).toMatchObject({ status: 503, text: expect.stringContaining("a-deleted") });

    const listed = await operator.cli("orphans", "--json");
    expect(listed.exit, listed.out + listed.err).toBe(13);
    const [report] = (listed.json() as ResultOf<"orphans">).reports;
    expect(report?.missing).toEqual({ count: 1, first: ["topographies/a-deleted.dat"] });
    expect(report?.extra.first).toContain("topographies/a-stray.dat");

    const run = await operator.restore({ id: "media", sources: ["media"] });
    expect(run.ok, run.text).toBe(true);
    const { Body } = await store.client.send(new GetObjectCommand({ Bucket: MEDIA, Key }));
    expect(await Body?.transformToString()).toBe("heights of a-deleted");
    await topobank.answers();
  });

  test("production's latest point goes onto uat: rows and media are uat's own then, and nothing of production changed", async () => {
    await measure("for-uat");
    await backup();
    const live = async () => [
      await topobank.sql(
        "SELECT string_agg(datafile, ',' ORDER BY id) FROM manager_topography WHERE description = 'measured'",
      ),
      await docker(
        "inspect",
        "--format",
        "{{.State.StartedAt}}",
        topobank.container("django"),
        topobank.container("postgres"),
      ),
    ];
    const before = await live();

    const uatDirectory = await tempDir("topobank-uat");
    await store.makeBucket(UAT.media);
    const media = { ...store, bucket: UAT.media };
    const uat = await Topobank.make({ project: unique("uat"), directory: uatDirectory, media });
    onTestFinished(() => uat.remove());
    await uat.create();
    await uat.supervise();
    await waitFor("the tables of uat", () => uat.migrate(), { seconds: 120 });
    const project = unique("backups");
    const uatStack = await PulumiStack.create({ stack: "topobank-uat", project, standIns: ["docker"] });
    onTestFinished(() => uatStack.remove());
    const { identity } = operator;
    const there = await Operator.make({ stack: uatStack, project, topobank: uat, store, ...UAT, identity });
    onTestFinished(async () => {
      await uatStack.destroy();
      await there.clearHost();
    });
    const { publicKey } = await stack.outputs();
    const from = { environment: "prod", dumps: { endpoint: store.endpoint, bucket: DUMPS }, publicKey };
    await there.configure({ from: [from] });
    await there.up();
    const envs = await readFile(path.join(uat.envs, ".postgres"), "utf8");

    const sources = ["postgres", "media"];
    const request = { id: "from-production", from: { environment: "prod", plan: "topobank" }, sources };
    const run = await there.restore(request);
    expect(run.ok, run.text).toBe(true);
    await uat.answers();
    expect(await uat.sql("SELECT datafile FROM manager_topography WHERE datafile ~ 'for-uat'")).toBe(
      "topographies/for-uat.dat",
    );
    const { Body } = await store.client.send(
      new GetObjectCommand({ Bucket: UAT.media, Key: "media/topographies/for-uat.dat" }),
    );
    expect(await Body?.transformToString()).toBe("heights of for-uat");
    expect(await readFile(path.join(uat.envs, ".postgres"), "utf8")).toBe(envs);
    expect([uat.user, uat.password, uat.volume]).not.toEqual([topobank.user, topobank.password, topobank.volume]);
    expect(await live()).toEqual(before);
    await topobank.answers();
  });

  test("[topobank.4] a migration waits for a verified point, and does not run when the backup fails", async () => {
    const migrations = () => topobank.sql("SELECT name FROM django_migrations ORDER BY 1");
    await operator.forget();
    await operator.configure({ migration: { name: "0.17.0", run: topobank.migration("0.17.0") } });
    await operator.up();
    expect(await migrations()).toBe("0.17.0");
    expect(await points()).toContain((await stack.outputs()).beforeMigration);

    await operator.configure({ migration: { name: "0.18.0", run: topobank.migration("0.18.0") } });
    await rename(topobank.envs, `${topobank.envs}.away`);
    const failed = await stack.up();
    await rename(`${topobank.envs}.away`, topobank.envs);
    expect(failed.ok).toBe(false);
    expect(errors(failed)).toContain(topobank.envs);
    expect(await migrations()).toBe("0.17.0");
    await operator.configure({ migration: undefined });
  });

  test("[topobank.1] [topobank.3] [topobank.13] six fields, @daily and none; after the eleventh backup there are ten; two missed intervals alarm", async () => {
    while ((await points()).length < 10) await backup();
    expect(await points()).toContain(first.id);
    // Long enough that the eleventh is pruned before it counts as stale, which would freeze retention.
    await operator.configure({ schedule: "*/10 * * * * *" });
    await operator.up();
    await waitFor("the first point to expire", async () => !(await points()).includes(first.id), {
      seconds: 240,
      every: 1000,
    });
    await docker("stop", await operator.scheduler());
    await waitFor("the alarm", async () => (await operator.cli("check")).exit === 13, { seconds: 120 });
    expect((await operator.cli("check")).out).toMatch(/FAILED.*fresh|fresh.*FAILED/s);

    await operator.configure({ schedule: "@daily" });
    await operator.up();
    await operator.json("prune", "--confirm");
    expect(await points()).toHaveLength(10);
    expect((await operator.cli("check")).exit).toBe(0);
    expect(await docker("exec", await operator.scheduler(), "restorable-runner", "healthy")).toMatch(
      /no run yet; the next one begins at \S+T00:00:00/,
    );

    await operator.configure({ schedule: "none" });
    await operator.up();
    expect(await operator.scheduler()).toBe("");
  });

  test("[topobank.2] a dump of 2019 restores by its old key; [topobank.11] a corrupt one stops, and nothing changed", async () => {
    const upload = (key: string, Body: string) =>
      store.client.send(new PutObjectCommand({ Bucket: DUMPS, Key: key, Body }));
    const [old, corrupt] = ["backup/postgres-backup-20190410213318.sql", "backup/postgres-backup-20190410213319.sql"];
    await upload(old, OLD_DUMP);
    await upload(corrupt, OLD_DUMP.replace("setval('public.manager_topography_id_seq'", "setval('public.gone'"));
    for (const file of ["user_1/example3.di", "user_1/example4.txt", "user_2/10x10.txt"]) {
      const Key = `media/topographies/${file}`;
      await store.client.send(new PutObjectCommand({ Bucket: MEDIA, Key, Body: file }));
    }
    const run = await operator.restore({
      id: "of-2019",
      point: { object: old },
      unverified: true,
      sources: ["postgres"],
    });
    expect(run.ok, run.text).toBe(true);
    await topobank.answers();
    expect((await topobank.look()).text).toBe("3 measurements\n");

    const started = await docker("inspect", "--format", "{{.State.StartedAt}}", topobank.container("django"));
    const broken = await operator.restore({
      id: "corrupt",
      point: { object: corrupt },
      unverified: true,
      sources: ["postgres"],
    });
    expect(broken.ok).toBe(false);
    expect(errors(broken)).toContain("public.gone");
    expect((await topobank.look()).text).toBe("3 measurements\n");
    expect(await docker("inspect", "--format", "{{.State.StartedAt}}", topobank.container("django"))).toBe(started);
    expect(await topobank.sql("SELECT count(*) FROM pg_database WHERE datname ~ '_new_'", "postgres")).toBe("0");
  });

  test("[topobank.9] a database that runs on the volume of local.yml is not taken for production's", async () => {
    await topobank.halt();
    await topobank.removeContainers();
    await topobank.create(topobank.volume.replace("production", "local"));
    await docker("start", topobank.container("postgres"));
    const run = await operator.restore({ id: "wrong-volume" });
    expect(run.ok).toBe(false);
    expect(errors(run)).toContain(
      `is not the database of stack topobank-prod: that lies in the volume '${topobank.volume}'`,
    );
  });

  test("[topobank.14] an empty machine is rebuilt from the bucket, the operator's key and the code alone", async () => {
    const envs = path.join(topobank.envs, ".postgres");
    const before = await readFile(envs, "utf8");
    await operator.clearHost();
    await topobank.lose();

    await mkdir(path.dirname(topobank.envs), { recursive: true });
    await operator.withoutState("restore", "latest", "--source", "envs", "--directory", topobank.envs);
    expect(await readFile(envs, "utf8")).toBe(before);
    await topobank.makeNetwork();
    await topobank.create();
    await topobank.supervise();
    await waitFor("PostgreSQL", () => topobank.sql("SELECT 1"), { seconds: 120 });
    expect((await topobank.look()).status).not.toBe(200);

    const run = await operator.restore({ id: "rebuild", sources: ["postgres", "media"] });
    expect(run.ok, run.text).toBe(true);
    await topobank.answers();
    expect(await measured("first", "a-deleted")).toEqual(["first", "a-deleted"]);
  });
});
