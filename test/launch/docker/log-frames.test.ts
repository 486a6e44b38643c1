import { describe, expect, test } from "vitest";
import { logFrames } from "../../../launch/docker/log-frames.ts";

const frame = (text: string | Buffer, stream = 2): Buffer => {
  const body = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
};

describe("frames of a log", () => {
  const bytes = Buffer.concat([
    frame("2026-11-21T10:00:00.123456789Z one\n"),
    frame("2026-11-21T10:00:01.5Z é\n", 1),
    frame("no time\n"),
  ]);
  const expected = [
    ["2026-11-21T10:00:00.123456789Z", "one\n"],
    ["2026-11-21T10:00:01.5Z", "é\n"],
    ["", "no time\n"],
  ];

  test.each([1, 3, 7, 8, 9, 1000])("are whole however the bytes come: %i at a time", (size) => {
    const read = logFrames();
    const found = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...read(bytes.subarray(at, at + size)));
    expect(found.map(({ at, text }) => [at, text.toString()])).toEqual(expected);
    expect(found.map(({ from }) => from)).toEqual(["stderr", "stdout", "stderr"]);
  });
});
