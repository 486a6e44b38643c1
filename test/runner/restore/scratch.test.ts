import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { writeScratch } from "../../../runner/restore/scratch.ts";

test("a disk that fills up under a scratch copy is named", async () => {
  await expect(writeScratch("/dev/full", Readable.from(["content"]))).rejects.toMatchObject({ code: "no-room" });
});

test("what the stream itself fails with stays as it is", async () => {
  const content = new Readable({ read: () => content.destroy(new Error("cut off")) });
  await expect(writeScratch("/dev/null", content)).rejects.toThrow("cut off");
});
