import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { jsonSchemas } from "../../tools/schema/json-schemas.ts";

const folder = path.resolve(import.meta.dirname, "../../spec/json-schema");

describe("the committed JSON Schemas", () => {
  it.each(Object.entries(jsonSchemas()))("%s is current (else: npm run schema)", async (file, text) => {
    expect(await readFile(path.join(folder, file), "utf8")).toBe(text);
  });

  it("are these and no others", async () => {
    expect((await readdir(folder)).sort()).toEqual(Object.keys(jsonSchemas()).sort());
  });
});
