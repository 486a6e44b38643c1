import { z } from "zod";
import { bucketJob } from "./job.ts";
import { plan } from "./plan.ts";
import { repository } from "./repository.ts";
import { request } from "./request.ts";
import { secretRef, sha256, slug } from "./scalars.ts";

/** What a Command gives to the launcher on stdin: a whole restore, or a bucket to make. */
export const launch = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("restore"),
    version: z.literal(1),
    plan,
    from: z.strictObject({ repository, plan: slug }),
    request,
    requestDigest: sha256,
    /** A private key of one of the recipients of the point: it stays with the launcher, which opens only that point's key with it. */
    identity: secretRef.optional(),
  }),
  z.strictObject({
    kind: z.literal("backup"),
    version: z.literal(1),
    plan,
    /** Why a point is taken now: another one is another run. */
    trigger: z.string().min(1),
    /** A private key of one of the recipients: with it the new point is also opened. It stays with the launcher. */
    identity: secretRef.optional(),
  }),
  z.strictObject({ kind: z.literal("bucket"), version: z.literal(1), job: bucketJob }),
]);
export type Launch = z.infer<typeof launch>;
export type BackupLaunch = Extract<Launch, { kind: "backup" }>;
export type RestoreLaunch = Extract<Launch, { kind: "restore" }>;
