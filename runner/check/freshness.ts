import {
  type CatalogPoint,
  type Check,
  isFlagged,
  isProven,
  isQuarantined,
  type ResultOf,
  type Schedule,
} from "../../spec/index.ts";
import { isGood, type Unreadable } from "../prune/freezes.ts";
import { drillChecks } from "./drills.ts";
import { ageOf, ageText, isInFuture, staleAfter } from "./staleness.ts";

export interface FreshnessInput {
  readonly points: readonly CatalogPoint[];
  readonly unreadable?: readonly Unreadable[];
  readonly schedule: Schedule;
  /** When drills are expected. @default as the last one says */
  readonly drills?: Schedule | undefined;
  readonly now: Date;
}

export type Freshness = Pick<ResultOf<"check">, "healthy" | "checks" | "newest" | "ageSeconds">;

/** Judges a plan by what its repository holds, never by what a process remembers. */
export const freshness = ({ points, unreadable = [], schedule, drills, now }: FreshnessInput): Freshness => {
  const sorted = points.toSorted((a, b) => (a.id > b.id ? -1 : 1));
  const newest = sorted.find(isGood)?.id;
  const checks = [
    freshCheck(newest, schedule, now),
    clockCheck(sorted, now),
    listCheck(
      "manifests",
      "every manifest can be read",
      unreadable.map(({ key, reason }) => `${key}: ${reason}`),
    ),
    signatureCheck(sorted),
    overwriteCheck(sorted),
    flagCheck(sorted),
    proofCheck(sorted),
    ...drillChecks(sorted.filter(isGood), now, drills),
  ];
  const healthy = checks.every(({ ok }) => ok);
  return newest === undefined ? { healthy, checks } : { healthy, checks, newest, ageSeconds: ageOf(newest, now) };
};

const freshCheck = (newest: string | undefined, schedule: Schedule, now: Date): Check => {
  if (newest === undefined)
    return { name: "fresh", ok: false, detail: "there is no good recovery point: take a backup" };
  const [age, limit] = [ageOf(newest, now), staleAfter(schedule, newest)];
  const is = `the newest good point, ${newest}, is ${ageText(age)} old`;
  if (limit === undefined) return { name: "fresh", ok: true, detail: `${is}; there is no schedule to compare it with` };
  const allows = `the schedule allows ${ageText(limit)}`;
  return age <= limit
    ? { name: "fresh", ok: true, detail: `${is}; ${allows}` }
    : { name: "fresh", ok: false, detail: `${is}, and ${allows}: find out why backups stopped` };
};

const listCheck = (name: string, good: string, problems: readonly string[]): Check =>
  problems.length === 0 ? { name, ok: true, detail: good } : { name, ok: false, detail: problems.join("; ") };

const clockCheck = (points: readonly CatalogPoint[], now: Date): Check =>
  listCheck(
    "clock",
    "no point is in the future",
    points
      .filter((point) => isInFuture(point.id, now) && !isQuarantined(point))
      .map(({ id }) => `${id} was begun in the future: set the clock of its writer right, then quarantine this point`),
  );

const signatureCheck = (points: readonly CatalogPoint[]): Check =>
  listCheck(
    "signatures",
    "every point is signed by a trusted key",
    points
      .filter((point) => point.signature !== "valid" && !isQuarantined(point))
      .map(({ id, signature }) => `${id} has the signature '${signature}': find out who wrote it, then quarantine it`),
  );

/** The oldest version counts, so nothing is lost yet; but somebody who may write has written what nobody should. */
const overwriteCheck = (points: readonly CatalogPoint[]): Check =>
  listCheck(
    "overwritten",
    "no manifest was written over",
    points
      .filter(({ extraVersions }) => extraVersions > 0)
      .map(
        ({ id, extraVersions }) =>
          `the manifest of ${id} has ${extraVersions} more version(s): find out who wrote them`,
      ),
  );

const flagCheck = (points: readonly CatalogPoint[]): Check =>
  listCheck(
    "flags",
    "no point is flagged",
    points
      .filter((point) => isFlagged(point) && !isQuarantined(point))
      .map(
        ({ id, manifest: { flags } }) =>
          `${id}: ${flags.map(({ fact }) => fact).join("; ")}; mark it accept or quarantine`,
      ),
  );

/** A plan that was never verified is no failure yet, only unproven; a point that failed is. */
const proofCheck = (points: readonly CatalogPoint[]): Check => {
  const good = points.filter(isGood);
  const failed = good.filter(
    (point) => point.proofs.some(({ signature }) => signature === "valid") && !isProven(point),
  );
  const proven = good.find(isProven);
  return listCheck(
    "proofs",
    proven
      ? `${proven.id} is the newest proven point`
      : "no point is proven yet: run `restorable verify` with a recipient's key",
    failed.map(
      ({ id, proofs }) => `${id} failed its last ${proofs.at(-1)?.proof.kind}: quarantine it and take a new backup`,
    ),
  );
};
