import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { armor, Decrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { describe, expect, it } from "vitest";
import { newPointIdentity } from "../../../runner/crypto/point-identity.ts";
import { recipient } from "../../../spec/index.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { tools } from "../../support/tools.ts";

const age = (args: readonly string[], input: string | Buffer) => execFileSync(tools().age, args, { input });

describe("a point's identity", () => {
  it("is opened with standard tools only, by each recipient, and then opens the point's artifacts", async () => {
    const directory = await tempDir();
    const file = (name: string) => join(directory, name);
    const operator = await generateX25519Identity();
    execFileSync(tools().ageKeygen, ["-o", file("safe.key")], { stdio: "ignore" });
    const safe = execFileSync(tools().ageKeygen, ["-y", file("safe.key")])
      .toString()
      .trim();
    await writeFile(file("operator.key"), `${operator}\n`);

    const point = await newPointIdentity([await identityToRecipient(operator), safe]);
    const artifact = age(["--encrypt", "--recipient", point.recipient], "what was backed up");

    for (const key of ["operator.key", "safe.key"]) {
      await writeFile(file("point.key"), age(["--decrypt", "--identity", file(key)], point.wrapped));
      expect(age(["--decrypt", "--identity", file("point.key")], artifact).toString()).toBe("what was backed up");
    }
  });

  it("is opened by the npm package too, and by no other key", async () => {
    const [operator, stranger] = [await generateX25519Identity(), await generateX25519Identity()];
    const point = await newPointIdentity([await identityToRecipient(operator)]);
    const open = async (identity: string) => {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      return decrypter.decrypt(armor.decode(point.wrapped), "text");
    };
    const identity = (await open(operator)).trim();
    expect(await identityToRecipient(identity)).toBe(point.recipient);
    await expect(open(stranger)).rejects.toThrow();
  });

  it("is another one each time, and never in clear in its wrapped", async () => {
    const operator = await identityToRecipient(await generateX25519Identity());
    const points = await Promise.all([newPointIdentity([operator]), newPointIdentity([operator])]);
    expect(points[0].recipient).not.toBe(points[1].recipient);
    expect(recipient.parse(points[0].recipient)).toBe(points[0].recipient);
    for (const { wrapped } of points) expect(wrapped).not.toMatch(/AGE-SECRET-KEY/i);
  });

  it("refuses a recipient that is none", async () => {
    await expect(newPointIdentity(["age1nonsense"])).rejects.toMatchObject({ code: "wrong-key" });
  });
});
