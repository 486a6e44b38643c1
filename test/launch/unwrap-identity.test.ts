import { expect, test } from "vitest";
import { unwrapIdentity } from "../../launch/index.ts";
import { envelope } from "./support/launches.ts";

test("one of the recipients' keys opens a point's key, comments of age-keygen around it or not", async () => {
  const { sealed, operator, point, recipients } = await envelope();
  const other = await envelope();
  expect(await unwrapIdentity(sealed, operator, recipients)).toBe(`${point}\n`);
  const file = `# created: 2026-11-21\n# public key: ${recipients[0]}\n${other.operator}\r\n${operator}\n`;
  expect(await unwrapIdentity(sealed, file, recipients)).toBe(`${point}\n`);
});

test.each([
  ["", "the given identity holds no age private key"],
  ["correct horse", "the given identity holds no age private key"],
  ["AGE-SECRET-KEY-1QQQQ", "the given identity is not a whole age private key"],
])("%j is no key", async (key, fact) => {
  const { sealed, recipients } = await envelope();
  await expect(unwrapIdentity(sealed, key, recipients)).rejects.toMatchObject({ code: "wrong-key", fact });
});

test("an envelope that was written over is corrupt, not a wrong key", async () => {
  const { operator, recipients } = await envelope();
  const other = await envelope();
  await expect(unwrapIdentity(other.sealed, operator, recipients)).rejects.toMatchObject({ code: "corrupt" });
});
