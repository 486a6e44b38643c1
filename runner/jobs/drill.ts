import { identityToRecipient } from "age-encryption";
import {
  type CatalogPoint,
  type Check,
  type DrillJob,
  type Entry,
  type ErrorReport,
  JobError,
  type Manifest,
  type Proof,
  type ResultOf,
} from "../../spec/index.ts";
import type { OpenedSource } from "../artifact/load-artifact.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { selectPoint } from "../catalog/select-point.ts";
import type { Context } from "../context.ts";
import { chooseArtifact, corrupting } from "../drill/corrupting.ts";
import { askedDatabase, ownChecks } from "../drill/own-checks.ts";
import { type Rehearsed, rehearse } from "../drill/rehearse.ts";
import { withScratch } from "../drill/with-scratch.ts";
import { checkKey } from "../restore/check-key.ts";
import { objectChecks, outerChecks } from "../verify/point-checks.ts";
import { recordProof } from "../verify/record-proof.ts";
import { openPlanStore, openRootStore } from "./plan-store.ts";

type Body = Pick<ResultOf<"drill">, "kind" | "point" | "proof" | "proofKey" | "notes" | "error">;

/** Restores one point into scratch, asks what it was told to ask, and writes down, signed by the prover, what came out. */
export const drill = async (context: Context, job: DrillJob): Promise<Body> => {
  const began = context.now();
  const store = openPlanStore(context, job.repository, job.plan, "reader");
  const root = openRootStore(context, job.repository, "reader");
  const identity = context.secret(job.identity).trim();
  const { points } = await readCatalog(context, store, job.repository, job.plan);
  const point = await choose(context, job, points, identity);
  const { manifest } = point;
  await checkKey(identity, manifest);
  for (const check of job.checks) askedDatabase(check, manifest);
  const source = { store, root, identity };
  return withScratch(context, job, manifest, async (inside, scratch) => {
    if (job.corrupt) {
      const artifact = chooseArtifact(inside, manifest);
      const rehearsed = await rehearse(inside, job, manifest, corrupting(source, artifact), scratch);
      throw selfTest(artifact.key, rehearsed.error);
    }
    const rehearsed = await rehearse(inside, job, manifest, source, scratch);
    const found = await findings(inside, job, point, source, rehearsed);
    const proof = proofOf(context, job, point, { began, checks: found.flat(), server: scratch.server?.version });
    const key = job.record ? await recordProof(context, job, proof) : undefined;
    const error = errorOf(rehearsed, found);
    return {
      kind: "drill",
      point: point.id,
      proof,
      notes: [...rehearsed.notes],
      ...(key === undefined ? {} : { proofKey: key }),
      ...(error === undefined ? {} : { error }),
    };
  });
};

/** Every point has a key of its own: which one is given says which point is meant. */
const choose = async (
  context: Context,
  { point }: DrillJob,
  points: readonly CatalogPoint[],
  identity: string,
): Promise<CatalogPoint> => {
  const selected = selectPoint(points, point ?? (await openedBy(points, identity)), { unverified: false });
  for (const text of selected.warnings) context.report.warning(text);
  return selected.point;
};

const openedBy = async (points: readonly CatalogPoint[], identity: string): Promise<string> => {
  const recipient = await identityToRecipient(identity).catch(() => undefined);
  const found = points.findLast(({ manifest }) => manifest.identity.recipient === recipient);
  if (found) return found.id;
  throw new JobError(
    "wrong-key",
    "the key that was given is not the one of any point of this plan",
    "give the point's own key, which `identity.age` holds; nothing was touched",
  );
};

/** The point itself, what was restored of it, and what the drill asked. */
const findings = async (
  context: Context,
  job: DrillJob,
  point: CatalogPoint,
  source: OpenedSource,
  { checks, databases }: Rehearsed,
): Promise<readonly [readonly Check[], readonly Check[], readonly Check[]]> => [
  [...(await outerChecks(source, point)), ...(await objectChecks(context, source, point, job.objects))],
  checks,
  await ownChecks(context, job.checks, point.manifest, databases),
];

interface Outcome {
  readonly began: Date;
  readonly checks: readonly Check[];
  readonly server: string | undefined;
}

const proofOf = (context: Context, job: DrillJob, point: CatalogPoint, { began, checks, server }: Outcome): Proof => {
  const at = context.now();
  const seconds = (at.getTime() - began.getTime()) / 1000;
  return {
    version: 1,
    kind: "drill",
    point: point.id,
    at: at.toISOString(),
    ok: checks.every(({ ok }) => ok),
    checks: [...checks],
    bytes: point.storedBytes,
    seconds,
    by: context.holder.host,
    drill: {
      rtoSeconds: seconds,
      rpoSeconds: (began.getTime() - momentOf(point.manifest)) / 1000,
      ...(server === undefined ? {} : { server }),
      ...(job.schedule === undefined ? {} : { schedule: job.schedule }),
    },
  };
};

/** What was written after the first source was read may be missing. */
const momentOf = ({ sources }: Manifest): number => Math.min(...sources.map((entry) => Date.parse(instantOf(entry))));

const instantOf = (entry: Entry): string => (entry.kind === "postgres" ? entry.snapshot.at : entry.started);

const HINT =
  "the proof says it all; take a new backup, drill that, and keep this point until it is clear what happened";

const errorOf = (
  { error }: Rehearsed,
  [outer, restored, own]: readonly (readonly Check[])[],
): ErrorReport | undefined => {
  if (error) return { code: error.code, fact: `the drill failed: ${error.fact}`, hint: HINT };
  const failed = (code: ErrorReport["code"], checks: readonly Check[] = []): ErrorReport[] => {
    const wrong = checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
    return wrong.length === 0 ? [] : [{ code, fact: `the drill failed: ${wrong.join("; ")}`, hint: HINT }];
  };
  return [...failed("corrupt", outer), ...failed("counts-differ", restored), ...failed("unhealthy", own)][0];
};

const selfTest = (key: string, error: JobError | undefined): JobError =>
  error?.code === "corrupt"
    ? new JobError(
        "corrupt",
        `one bit of ${key} was changed on its way, and the drill noticed: ${error.fact}`,
        "this is what was asked for: the repository is as it was, and nothing is recorded",
      )
    : new JobError(
        "unhealthy",
        `one bit of ${key} was changed on its way, and the drill did not notice${error ? `: ${error.fact}` : ""}`,
        "its proofs prove nothing: report this",
      );
