import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyObject } from "../../../runner/copy/copy-object.ts";
import { directoryStore } from "../../../runner/store/directory-store.ts";
import type { Store } from "../../../runner/store/store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";

const body = Buffer.from("the bytes of a dump");
const object = {
  key: "artifacts/x/db.dump",
  bytes: body.length,
  sha256: createHash("sha256").update(body).digest("hex"),
};

describe("an object that is copied", () => {
  const context = testContext();
  let folder: string;
  const open = (name: string): Store => directoryStore(context, folder, "writer", `${name}/`);

  beforeAll(async () => {
    folder = await makeTempDir("copy-object");
    await open("from").put(object.key, body);
  });
  afterAll(() => removeTempDir(folder));

  test("[chipster.9] is not published when a bit flips on the way, and is named", async () => {
    const bad = Buffer.from(body);
    bad.writeUInt8(bad.readUInt8(3) ^ 1, 3);
    const from = { ...open("from"), getStream: async () => Readable.from([bad]) };
    const to = open("flipped");
    const copied = copyObject(context, from, to, object);
    await expect(copied).rejects.toMatchObject({ code: "corrupt", fact: expect.stringContaining(object.key) });
    expect(await to.size(object.key)).toBeUndefined();
  });

  test("is read back where a killed run has left it, and never replaced where it is another one", async () => {
    const to = open("taken-up");
    expect(await copyObject(context, open("from"), to, object)).toEqual({ bytes: body.length });
    expect(await copyObject(context, open("from"), to, object)).toEqual({ bytes: 0 });
    const other = open("other");
    await other.put(object.key, "another content");
    await expect(copyObject(context, open("from"), other, object)).rejects.toMatchObject({ code: "corrupt" });
    expect((await other.get(object.key))?.body.toString()).toBe("another content");
  });
});
