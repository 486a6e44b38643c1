import type { Ability, BucketJob, ResultOf } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { ensureGrants, type Kept } from "../store/bucket-grants.ts";
import { type Probed, probe } from "../store/bucket-probes.ts";
import { ensureBucket, ensureLifecycle, ensureLock, ensureVersioning } from "../store/bucket-setup.ts";
import type { S3Bucket } from "../store/s3-bucket.ts";
import { s3Client } from "../store/s3-client.ts";
import { hasLock } from "../store/s3-lock.ts";

type Body = Pick<ResultOf<"bucket">, "kind" | "bucket" | "created" | "abilities">;

/**
 * Makes a bucket be as declared: there, versioned, locked, with our lifecycle rules and grants beside those of others.
 * It may run again at any time and changes only what differs. It tries what the store can do and names what it cannot.
 * @throws JobError `missing-bucket`, `bad-config`, `too-few-rights`, `store-lacks` (a lock that the bucket cannot have)
 */
export const bucket = async (context: Context, job: BucketJob): Promise<Body> => {
  const client = s3Client(context, job);
  const endpoint = job.endpoint ?? `S3 in ${job.region}`;
  const place: S3Bucket = {
    client,
    bucket: job.bucket,
    prefix: "",
    name: `s3://${job.bucket}`,
    endpoint,
    signal: context.signal,
  };
  try {
    context.report.step("bucket", `${job.mode === "create" ? "creating" : "looking for"} ${place.name} at ${endpoint}`);
    const created = await ensureBucket(place, job);
    const versioning = await ensureVersioning(place);
    if (job.lock) await ensureLock(place, job.lock);
    context.report.step("lifecycle", "setting the lifecycle rules");
    const lifecycle = await ensureLifecycle(place, job);
    context.report.step("probe", "trying what the store can do");
    const lock = await hasLock(place);
    const probed = await probe(context, place, lock);
    const found = { ...probed, versioning, lifecycle, lock };
    // After the probes: who is the bucket's owner and is granted less may no more write where they do.
    if (job.grants) context.report.step("grants", `granting ${job.grants.length} role(s)`);
    const kept = await ensureGrants(place, job, !expires(found));
    return {
      kind: "bucket",
      bucket: job.bucket,
      created,
      abilities: [...abilities(found), ...(job.grants?.length ? [grantsAbility(kept)] : [])],
    };
  } finally {
    client.destroy();
  }
};

interface Found extends Probed {
  readonly versioning: boolean;
  readonly lifecycle: boolean;
  readonly lock: boolean;
}

const PRUNER = "the pruning identity deletes";

/** Whether the bucket itself removes what prune tags. */
const expires = ({ lifecycle, tagging }: Found): boolean => lifecycle && tagging;

/** What the store can do, and what takes its place where it cannot. */
const abilities = (found: Found): Ability[] => [
  ability(
    "conditional-put",
    found.conditionalPut,
    found.versioning
      ? "the order of versions says who was first"
      : "nothing: see to it that only one job writes to this bucket at a time",
  ),
  ability("md5", found.md5, "the size and the ETag that the store reports are compared"),
  ability("versioning", found.versioning, "nothing: what is overwritten is lost, and only the signature tells"),
  ability("tagging", found.tagging, PRUNER),
  ability("lifecycle", expires(found), PRUNER),
  ability("lock", found.lock, "nothing: whoever holds the pruner's or the owner's keys can delete points"),
];

const ability = (name: string, ok: boolean, instead: string): Ability => (ok ? { name, ok } : { name, ok, instead });

const WITHOUT: Readonly<Record<Kept, string | undefined>> = {
  whole: undefined,
  allowed:
    "each identity is allowed what its role needs and nothing is denied: give none of them other rights in this store",
  none: "nothing: give each identity its rights by the store's own means",
};

const grantsAbility = (kept: Kept): Ability => ability("grants", kept === "whole", WITHOUT[kept] ?? "");
