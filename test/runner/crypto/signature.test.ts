import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { publicKeyOf, sign, signatureState } from "../../../runner/crypto/signature.ts";
import { publicKey } from "../../../spec/index.ts";

const pem = () => generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const [mine, theirs] = [pem(), pem()];
const trusted = [publicKeyOf(mine)];
const value = { id: "20261121T010000Z-7f3a", rows: 5, sources: [{ b: 1, a: "ü" }] };

describe("a signature", () => {
  it("is valid for the same value with its keys in any order, by a trusted key", () => {
    const signature = sign(mine, "manifest", value);
    const shuffled = { sources: [{ a: "ü", b: 1 }], rows: 5, id: value.id, absent: undefined };
    expect(signatureState({ manifest: shuffled, signature }, trusted, "manifest")).toBe("valid");
    expect(publicKey.parse(signature.publicKey)).toBe(trusted[0]);
  });

  it("by another key is `untrusted`, of another value, kind or signer `bad`, and missing `none`", () => {
    const signature = sign(mine, "manifest", value);
    expect(signatureState({ manifest: value, signature: sign(theirs, "manifest", value) }, trusted, "manifest")).toBe(
      "untrusted",
    );
    expect(signatureState({ manifest: { ...value, rows: 6 }, signature }, trusted, "manifest")).toBe("bad");
    expect(signatureState({ proof: value, signature }, trusted, "proof")).toBe("bad");
    const borrowed = { ...sign(theirs, "manifest", value), publicKey: publicKeyOf(mine) };
    expect(signatureState({ manifest: value, signature: borrowed }, trusted, "manifest")).toBe("bad");
    expect(signatureState({ manifest: value, signature: { ...signature, value: "!" } }, trusted, "manifest")).toBe(
      "bad",
    );
    expect(
      signatureState({ manifest: value, signature: { ...signature, publicKey: "AAAA" } }, trusted, "manifest"),
    ).toBe("bad");
    expect(signatureState({ manifest: value }, trusted, "manifest")).toBe("none");
  });

  it("of any JSON survives being written and read", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const signature = sign(mine, "proof", json);
        const read: unknown = JSON.parse(JSON.stringify(json));
        expect(signatureState({ proof: read, signature }, trusted, "proof")).toBe("valid");
      }),
    );
  });

  it.each([
    ["no key", "-----BEGIN PRIVATE KEY-----\nSECRETSECRET\n-----END PRIVATE KEY-----"],
    ["empty", ""],
    ["a public key", generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }).toString()],
    ["of another kind", generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
  ])("needs an Ed25519 private key: %s is `wrong-key`, and its text is not repeated", (_, text) => {
    const signing = () => sign(text, "manifest", value);
    expect(signing).toThrow(expect.objectContaining({ code: "wrong-key" }));
    expect(signing).not.toThrow(/SECRET/);
  });
});
