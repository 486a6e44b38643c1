import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Repository, type S3RepositoryArgs } from "../components/index.ts";
import { slug } from "../spec/index.ts";

/** Whose signatures are believed: a key, or the output `publicKey` of the stack that signs. */
type Trust = { readonly publicKey: string } | { readonly stack: string };

/** The schema of `from`: other environments whose points may be restored here. `place` is what says where they lie. */
export const otherEnvironments = <P extends z.ZodRawShape>(place: P) => {
  const source = z.strictObject({ environment: slug, ...place });
  return z.array(z.union([source.extend({ publicKey: z.string() }), source.extend({ stack: z.string() })])).default([]);
};

/** Another environment's points, only read. */
export const readRepository = (
  system: string,
  { environment, ...trust }: { readonly environment: string } & Trust,
  s3: S3RepositoryArgs,
): Repository =>
  new Repository(`${system}-${environment}`, {
    s3,
    environment,
    signing: { none: {} },
    trusted: [
      "publicKey" in trust ? trust.publicKey : new pulumi.StackReference(trust.stack).requireOutput("publicKey"),
    ],
  });
