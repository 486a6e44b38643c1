import { appendFile, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Manifest, RestoreRecord } from "../../spec/index.ts";
import { messages } from "../support/engine-events.ts";
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

  test("[topobank.7] a backup under load pairs database, media and .envs in one point", async () => {
    await measure("first");
    const { id, sources } = await backup();
    console.log(id, JSON.stringify(sources).slice(0, 3000));
  });

  test("[topobank.10] latest", async () => {
    await topobank.sql("DELETE FROM manager_topography WHERE datafile = 'topographies/first.dat'");
    const run = await operator.restore({ id: "one" });
    expect(run.ok, run.text).toBe(true);
    expect(await measured("first")).toBe("kept");
    await topobank.answers();
    console.log(JSON.stringify(await operator.record()));
  });
});
void [DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, appendFile, readFile, rm, path, messages];

export type { RestoreRecord };
