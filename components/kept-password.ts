import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/** A password of 256 random bits, offered anew at every run; the Stash keeps the first, encrypted in the state. */
export const keptPassword = (name: string, parent: pulumi.Resource): pulumi.Output<string> => {
  const input = pulumi.secret(randomBytes(32).toString("base64url"));
  return pulumi.output<string>(new pulumi.Stash(name, { input }, { parent, ignoreChanges: ["input"] }).output);
};
