import type { CatalogPoint, Check, Proof, ResultOf, VerifyJob } from "../../spec/index.ts";
import type { ArtifactSource } from "../artifact/load-artifact.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { selectPoint } from "../catalog/select-point.ts";
import type { Context } from "../context.ts";
import { isSnapshotEntry } from "../restic/open-snapshot.ts";
import { snapshotKey, verifySnapshot } from "../restic/verify-snapshot.ts";
import { checkKey } from "../restore/check-key.ts";
import { asCheck } from "../verify/as-check.ts";
import { objectChecks, outerChecks } from "../verify/point-checks.ts";
import { recordProof } from "../verify/record-proof.ts";
import { verifyArtifact } from "../verify/verify-artifact.ts";
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
  const source: ArtifactSource = { store, root, ...(identity === undefined ? {} : { identity }) };
  const checks = [
    ...(await outerChecks(source, point)),
    ...(await artifactChecks(context, source, point)),
    ...(await objectChecks(context, source, point, job.objects)),
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
  const key = job.record && identity !== undefined ? await recordProof(context, job, proof) : undefined;
  return { kind: "verify", point: point.id, proof, ...(key === undefined ? {} : { proofKey: key }) };
};

const artifactChecks = async (context: Context, source: ArtifactSource, point: CatalogPoint): Promise<Check[]> => {
  const checks: Check[] = [];
  for (const entry of point.manifest.sources) {
    for (const artifact of entry.artifacts) {
      context.report.step("verify", `reading ${artifact.key}`);
      checks.push(await asCheck(artifact.key, () => verifyArtifact(context, source, entry, artifact)));
    }
    if (entry.kind !== "files" || !isSnapshotEntry(entry)) continue;
    const key = snapshotKey(entry.snapshot.id);
    context.report.step("verify", `reading ${key}, with all that it needs`);
    checks.push(await asCheck(key, () => verifySnapshot(context, source, entry)));
  }
  return checks;
};
