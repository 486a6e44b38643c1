import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { waitFor } from "../support/wait-for.ts";
import { Topobank } from "../systems/topobank/topobank.ts";
import { docker, Place, unique } from "./support/docker.ts";
import { type HostStore, startHostStore } from "./support/host-store.ts";

describe("TopoBank · docker, postgres 17, versitygw", () => {
  let place: Place;
  let directory: string;
  let store: HostStore;
  let topobank: Topobank;

  beforeAll(async () => {
    place = await Place.make();
    directory = await makeTempDir("topobank");
    store = await startHostStore(place);
    await store.makeBucket("topobank-assets");
    topobank = await Topobank.make({
      project: unique("production"),
      directory,
      media: { ...store, bucket: "topobank-assets" },
    });
    await topobank.create();
    await topobank.supervise();
    await waitFor("the tables", () => topobank.migrate());
  });

  afterAll(async () => {
    await topobank?.remove();
    await place?.remove();
    await removeTempDir(directory);
  });

  test("the model: to stop the containers does not help, to stop supervisor does", async () => {
    await topobank.answers();
    await docker("stop", topobank.container("django"));
    await topobank.answers();
    const [ctl = "", ...args] = topobank.supervisorctl("stop");
    const { execa } = await import("execa");
    expect((await execa(ctl, args)).stdout).toBe("STOPPED");
    expect((await topobank.look()).status).toBe(0);
    const [ctl2 = "", ...args2] = topobank.supervisorctl("start");
    expect((await execa(ctl2, args2)).stdout).toBe("RUNNING");
    await topobank.answers();
  });
});
