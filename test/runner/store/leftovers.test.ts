import { CreateMultipartUploadCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeLease } from "../../../runner/store/lease.ts";
import { removeLeftovers } from "../../../runner/store/leftovers.ts";
import { openStore } from "../../../runner/store/open-store.ts";
import type { Store } from "../../../runner/store/store.ts";
import { artifactKey, JobError, type Location, manifestKey } from "../../../spec/index.ts";
import { type S3Server, startS3 } from "../../support/s3-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { s3Location, s3Secrets } from "./s3-location.ts";
import { testContext } from "./test-context.ts";

const [DONE, KILLED, RUNNING] = ["20261121T010000Z-0001", "20261121T020000Z-0002", "20261121T030000Z-0003"];

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
  await server.createBucket("versioned");
  await server.createBucket("plain", { versioning: false });
});
afterAll(async () => {
  await server?.stop();
});

const places: [string, () => Promise<Location>][] = [
  ["S3 with versions", async () => s3Location(server, "versioned")],
  ["S3 without versions", async () => s3Location(server, "plain")],
  ["a directory", async () => ({ kind: "directory", path: await tempDir() })],
];

// A negative age makes everything old enough, without waiting for it to grow old.
let count = 0;
describe.each(places)("leftovers in %s", (_, place) => {
  const open = async () => {
    count += 1;
    return openStore(testContext(s3Secrets(server.root)), await place(), "writer", `prod/p${count}/`);
  };
  const write = async (store: Store, ...points: string[]) => {
    for (const point of points) {
      await store.put(artifactKey(point, "packit.dump"), "dump");
      await store.put(artifactKey(point, "identity.age"), "identity");
    }
  };
  const keys = async (store: Store) => {
    const found = new Set<string>();
    for await (const { key } of store.versions("")) found.add(key);
    return [...found].sort();
  };
  it("are removed: artifacts of a point without a manifest, and no others", async () => {
    const store = await open();
    await write(store, DONE, KILLED, RUNNING);
    await store.put(manifestKey(DONE), "{}");
    const beside = ["artifacts/notes.txt", "artifacts/other/x", "files/config", `marks/${KILLED}/m.json`];
    for (const key of beside) await store.put(key, "theirs");
    const context = testContext();
    expect(await removeLeftovers(context, store, { seconds: -60, running: RUNNING })).toBe(2);
    const of = (point: string) => [artifactKey(point, "identity.age"), artifactKey(point, "packit.dump")];
    expect(await keys(store)).toEqual([...of(DONE), ...of(RUNNING), ...beside, manifestKey(DONE)].sort());
    expect(await removeLeftovers(context, store, { seconds: -60, running: RUNNING })).toBe(0);
    expect(context.warnings).toEqual([]);
  });

  it("that are younger than a lease's life stay", async () => {
    const store = await open();
    await write(store, KILLED);
    expect(await removeLeftovers(testContext(), store, { seconds: 90 })).toBe(0);
    expect(await keys(store)).toHaveLength(2);
  });

  it("stay while another process holds the lease, and go while we hold it ourselves", async () => {
    const store = await open();
    await write(store, KILLED);
    const context = testContext();
    const lease = await takeLease(context, store, { job: "backup", seconds: 90 });
    const another = testContext({}, { holder: { ...context.holder, host: "archive2" } });
    expect(await removeLeftovers(another, store, { seconds: -60 })).toBe(0);
    expect(await removeLeftovers(context, store, { seconds: -60 })).toBe(2);
    await lease.release();
  });

  it("stay while the lease cannot be read", async () => {
    const store = await open();
    await write(store, KILLED);
    await store.put("lease.json", "of a newer version");
    expect(await removeLeftovers(testContext(), store, { seconds: -60 })).toBe(0);
    expect(await keys(store)).toHaveLength(3);
  });

  it("of a point whose manifest appears meanwhile stay", async () => {
    const store = await open();
    await write(store, KILLED);
    const late: Store = {
      ...store,
      versions: async function* (prefix) {
        yield* store.versions(prefix);
        if (prefix === "artifacts/") await store.put(manifestKey(KILLED), "{}");
      },
    };
    expect(await removeLeftovers(testContext(), late, { seconds: -60 })).toBe(0);
    expect(await keys(store)).toHaveLength(3);
  });

  it("that this role may not remove stay, with a warning", async () => {
    const store = await open();
    await write(store, KILLED);
    const context = testContext();
    const may: Store = {
      ...store,
      remove: async (key) => {
        throw new JobError("too-few-rights", `removing ${key} is not allowed`, "ask");
      },
    };
    expect(await removeLeftovers(context, may, { seconds: -60 })).toBe(0);
    expect(context.warnings).toEqual([expect.stringContaining("stay until a prune removes them")]);
  });
});

describe("leftovers on a versioned bucket", () => {
  it("of a point whose manifest is under a delete marker stay", async () => {
    const store = openStore(
      testContext(s3Secrets(server.root)),
      s3Location(server, "versioned"),
      "writer",
      "prod/hidden/",
    );
    await store.put(artifactKey(DONE, "dump"), "x");
    await store.put(manifestKey(DONE), "{}");
    await store.remove(manifestKey(DONE));
    expect(await removeLeftovers(testContext(), store, { seconds: -60 })).toBe(0);
    expect((await store.get(artifactKey(DONE, "dump")))?.body.toString()).toBe("x");
  });

  it("are tagged where the bucket's lifecycle expires by tag", async () => {
    const store = openStore(
      testContext(s3Secrets(server.root)),
      s3Location(server, "versioned"),
      "writer",
      "prod/tagged/",
    );
    const { versionId } = await store.put(artifactKey(KILLED, "dump"), "x");
    const tagged: unknown[] = [];
    const with_: Store = {
      ...store,
      expiresByTag: async () => true,
      tag: async (...args) => {
        tagged.push(args);
        return store.tag(...args);
      },
    };
    expect(await removeLeftovers(testContext(), with_, { seconds: -60 })).toBe(1);
    expect(tagged).toEqual([[artifactKey(KILLED, "dump"), versionId, { restorable: "expire" }]]);
    expect((await store.get(artifactKey(KILLED, "dump")))?.body.toString()).toBe("x");
  });

  it("unfinished uploads are aborted", async () => {
    const client = server.client();
    const Key = `prod/uploads/${artifactKey(KILLED, "dump")}`;
    await client.send(new CreateMultipartUploadCommand({ Bucket: "versioned", Key }));
    client.destroy();
    const store = openStore(
      testContext(s3Secrets(server.root)),
      s3Location(server, "versioned"),
      "writer",
      "prod/uploads/",
    );
    expect(await removeLeftovers(testContext(), store, { seconds: 3_600 })).toBe(0);
    expect(await removeLeftovers(testContext(), store, { seconds: -60 })).toBe(1);
  });
});
