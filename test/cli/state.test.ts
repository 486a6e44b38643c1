import { specialSecretSig, specialSigKey } from "@pulumi/pulumi/runtime/rpc.js";
import { expect, it } from "vitest";
import { SECRET, SIGNATURE, stateResources } from "../../cli/pulumi/state.ts";

it("secrets of a state are marked as Pulumi's own package marks them", () => {
  expect([SIGNATURE, SECRET]).toEqual([specialSigKey, specialSecretSig]);
});

it("secrets are shown where they were exported in clear, and left out where they were not", () => {
  const secret = (more: object) => ({ [specialSigKey]: specialSecretSig, ...more });
  const outputs = { a: secret({ plaintext: '{"b":["c"]}' }), d: [secret({ ciphertext: "x" })], e: 1 };
  const resources = [
    { urn: "urn", type: "t", outputs },
    { urn: "urn2", type: "t" },
  ];
  expect(stateResources({ resources })).toEqual([
    { urn: "urn", type: "t", outputs: { a: { b: ["c"] }, d: [undefined], e: 1 } },
    { urn: "urn2", type: "t", outputs: {} },
  ]);
});
