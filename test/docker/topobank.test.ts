import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Manifest } from "../../spec/index.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { waitFor } from "../support/wait-for.ts";
import { Operator } from "../systems/topobank/operator.ts";
import { Topobank } from "../systems/topobank/topobank.ts";
import { docker, Place, unique } from "./support/docker.ts";
import { type HostStore, startHostStore } from "./support/host-store.ts";

const MEDIA = "topobank-assets-production";
const DUMPS = "topobank-dumps-production";

describe("TopoBank · docker, postgres 17, versitygw", () => {
  let place: Place;
  let directory: string;
  let store: HostStore;
  let topobank: Topobank;
  let stack: PulumiStack;
  let operator: Operator;

  beforeAll(async () => {
    place = await Place.make();
    directory = await makeTempDir("topobank");
    store = await startHostStore(place);
    await store.makeBucket(MEDIA);
    topobank = await Topobank.make({
      project: unique("production"),
      directory,
      media: { ...store, bucket: MEDIA },
    });
    await topobank.create();
    await topobank.supervise();
    await waitFor("the tables", () => topobank.migrate());
    await topobank.answers();
    stack = await PulumiStack.create({ stack: "topobank-prod" });
    operator = await Operator.make({ stack, topobank, store, dumps: DUMPS, media: MEDIA });
    await operator.up();
  });

  afterAll(async () => {
    await topobank?.remove();
    await place?.remove();
    await stack?.remove();
    await removeTempDir(directory);
  });

  /** A measurement with its file, that nobody else writes. */
  const measure = async (name: string, description = "kept"): Promise<void> => {
    const Key = `media/topographies/${name}.dat`;
    await store.client.send(new PutObjectCommand({ Bucket: MEDIA, Key, Body: `heights of ${name}` }));
    await topobank.sql(
      `INSERT INTO manager_topography (surface_id, datafile, description)
       SELECT min(id), 'topographies/${name}.dat', '${description}' FROM manager_surface`,
    );
  };

  const backup = async (): Promise<Manifest> => (await operator.json<{ manifest: Manifest }>("backup")).manifest;
  const measured = (name: string): Promise<string> =>
    topobank.sql(`SELECT description FROM manager_topography WHERE datafile = 'topographies/${name}.dat'`);

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

  let first: Manifest;
  let second: Manifest;

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
    second = await measure("second").then(backup);
  });

  test("[topobank.10] a named point and the latest one are restored, and what they replaced is kept and swaps back", async () => {
    await topobank.sql("DELETE FROM manager_topography WHERE datafile ~ 'first|second'");
    const named = await operator.restore({ id: "named", point: first.id });
    expect(named.ok, named.text).toBe(true);
    expect([await measured("first"), await measured("second")]).toEqual(["kept", ""]);
    await topobank.answers();
    await measure("between");

    const latest = await operator.restore({ id: "latest" });
    expect(latest.ok, latest.text).toBe(true);
    expect([await measured("first"), await measured("second"), await measured("between")]).toEqual([
      "kept",
      "kept",
      "",
    ]);
    await topobank.answers();
    const record = await operator.record();
    expect(record).toMatchObject({ ok: true, from: { point: second.id } });
    const [kept = ""] = record.superseded;
    expect(kept).toMatch(/^topobank_org_/);

    await operator.json("rollback", "latest", "--confirm", "backups/topobank-prod/topobank");
    expect([await measured("second"), await measured("between")]).toEqual(["", "kept"]);
    await topobank.answers();
  });
});
