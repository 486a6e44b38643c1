import { generateKeyPairSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { SigningChoice } from "./args/repository-args.ts";
import type { Signer } from "./render/repository.ts";

/**
 * The key pair of one who signs; undefined for nobody. A generated one is offered anew at every run, and the Stash keeps
 * the first: encrypted in the state, gone with `destroy`. So note the public key, which whoever restores must trust.
 */
export const keyPair = (name: string, choice: SigningChoice, parent: pulumi.Resource): Signer | undefined => {
  if (choice.none) return undefined;
  if (choice.key) return choice.key;
  const stash = new pulumi.Stash(name, { input: pulumi.secret(generated()) }, { parent, ignoreChanges: ["input"] });
  const half = (which: "privateKey" | "publicKey") =>
    pulumi.output<Record<string, string>>(stash.output).apply((pair) => pair[which] as string);
  return { privateKey: half("privateKey"), publicKey: pulumi.unsecret(half("publicKey")) };
};

const generated = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    // The raw 32 bytes.
    publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64"),
  };
};
