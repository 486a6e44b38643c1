import { describe, expect, it } from "vitest";
import { checkedKey, readableKey } from "../../../runner/store/store-key.ts";

const CHIPSTER = "file-storage_2021-03-01T01:10:00Z//opt/chipster/storage/backup/0_small_files.tar";

describe("keys of a store", () => {
  it("are written without empty parts, and read with those that another tool has written", () => {
    expect(() => checkedKey(CHIPSTER)).toThrow("is not a key of a repository");
    expect(readableKey(CHIPSTER)).toBe(CHIPSTER);
  });

  it.each(["a//../b", "../a", "/a", "a/", "a//.restorable-x", "a/./b", "a\0"])("never lead out: %j", (key) => {
    expect(() => checkedKey(key)).toThrow("is not a key of a repository");
    expect(() => readableKey(key)).toThrow("is not a key of a repository");
  });
});
