import {
  type CatalogPoint,
  type Check,
  JobError,
  type Proof,
  proofKey,
  type ResultOf,
  type VerifyJob,
} from "../../spec/index.ts";
import type { ArtifactSource } from "../artifact/load-artifact.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { selectPoint } from "../catalog/select-point.ts";
import type { Context } from "../context.ts";
import { sign } from "../crypto/signature.ts";
import { isSnapshotEntry } from "../restic/open-snapshot.ts";
import { snapshotKey, verifySnapshot } from "../restic/verify-snapshot.ts";
import { checkKey } from "../restore/check-key.ts";
import { verifyArtifact } from "../verify/verify-artifact.ts";
import { verifyCopies, verifyVersions } from "../verify/verify-copies.ts";
import { verifyIdentity } from "../verify/verify-identity.ts";
import { openPlanStore, openRootStore } from "./plan-store.ts";

type Body = Pick<ResultOf<"verify">, "kind" | "point" | "proof" | "proofKey">;

/** Reads one point back completely and writes down, signed by the prover, what was found. */
export const verify = async (context: Context, job: VerifyJob): Promise<Body> => {
  const store = openPlanStore(context, job.repository, job.plan, "reader");
  const root = openRootStore(context, job.repository, "reader");
  const { points } = await readCatalog(context, store, job.repository, job.plan);
  const { point } = selectPoint(points, job.point, { unverified: true });
  const began = context.now();
  const identity = job.identity ? context.secret(job.identity).trim() : undefined;
  // The key of another point says nothing about this one: it must not become a failed proof of a good point.
  if (identity !== undefined) await checkKey(identity, point.manifest);
  const checks = [
    signatureCheck(point),
    await asCheck(point.manifest.identity.key, () => verifyIdentity(store, point.manifest)),
    ...(await artifactChecks(context, { store, root }, point, identity)),
    ...(await objectChecks(context, job, { store, root, ...(identity === undefined ? {} : { identity }) }, point)),
  ];
  const finished = context.now();
  const proof: Proof = {
    version: 1,
    kind: "verify",
    point: point.id,
    at: finished.toISOString(),
    ok: checks.every(({ ok }) => ok),
    checks,
    bytes: point.storedBytes,
    seconds: (finished.getTime() - began.getTime()) / 1000,
    by: context.holder.host,
  };
  const key = job.record && identity !== undefined ? await record(context, job, proof, finished) : undefined;
  return { kind: "verify", point: point.id, proof, ...(key === undefined ? {} : { proofKey: key }) };
};

const signatureCheck = ({ signature }: CatalogPoint): Check => ({
  name: "signature",
  ok: signature === "valid",
  detail:
    signature === "valid" ? "the manifest is signed by a trusted key" : `the manifest's signature is '${signature}'`,
});

const artifactChecks = async (
  context: Context,
  stores: Omit<ArtifactSource, "identity">,
  point: CatalogPoint,
  identity: string | undefined,
): Promise<Check[]> => {
  const checks: Check[] = [];
  for (const entry of point.manifest.sources) {
    for (const artifact of entry.artifacts) {
      context.report.step("verify", `reading ${artifact.key}`);
      checks.push(
        await asCheck(artifact.key, () =>
          verifyArtifact(context, { ...stores, ...(identity === undefined ? {} : { identity }) }, entry, artifact),
        ),
      );
    }
    if (entry.kind !== "files" || !isSnapshotEntry(entry)) continue;
    const key = snapshotKey(entry.snapshot.id);
    context.report.step("verify", `reading ${key}, with all that it needs`);
    const source = { ...stores, ...(identity === undefined ? {} : { identity }) };
    checks.push(await asCheck(key, () => verifySnapshot(context, source, entry)));
  }
  return checks;
};

const objectChecks = async (
  context: Context,
  { objects = [] }: VerifyJob,
  { store, identity }: ArtifactSource,
  { manifest }: CatalogPoint,
): Promise<Check[]> => {
  const checks: Check[] = [];
  for (const entry of manifest.sources) {
    if (entry.kind !== "objects") continue;
    const source = objects.find(({ name }) => name === entry.name);
    checks.push(await asCheck(`copies of ${entry.name}`, () => verifyCopies(context, store, entry)));
    if (entry.store === "copy" || !source || identity === undefined) continue;
    const work = () => verifyVersions(context, { store, identity }, entry, source);
    checks.push(await asCheck(`versions of ${entry.name}`, work));
  }
  return checks;
};

/** What is wrong with the data is a finding; what is wrong with the way to them ends the job. */
const asCheck = async (name: string, work: () => Promise<string>): Promise<Check> => {
  try {
    return { name, ok: true, detail: await work() };
  } catch (error) {
    if (
      !(error instanceof JobError) ||
      !["corrupt", "wrong-key", "process-failed", "counts-differ"].includes(error.code)
    )
      throw error;
    return { name, ok: false, detail: error.fact };
  }
};

const record = async (context: Context, job: VerifyJob, proof: Proof, at: Date): Promise<string | undefined> => {
  const { proverKey } = job.repository;
  if (!proverKey) {
    context.report.warning("no prover key is configured, so this result is not recorded as a proof");
    return undefined;
  }
  const key = proofKey(proof.point, at);
  const store = openPlanStore(context, job.repository, job.plan, "prover");
  await store.put(key, JSON.stringify({ proof, signature: sign(context.secret(proverKey), "proof", proof) }), {
    ifNoneMatch: "*",
  });
  return key;
};
