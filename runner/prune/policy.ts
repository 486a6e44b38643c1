import {
  type CatalogPoint,
  isExpiring,
  isHeld,
  isProven,
  isQuarantined,
  type PruneDecision,
  type Retention,
  type Schedule,
} from "../../spec/index.ts";
import { freezes, isGood, type Unreadable } from "./freezes.ts";
import { keepRules } from "./keep-rules.ts";

export interface RetentionInput {
  readonly points: readonly CatalogPoint[];
  /** Manifests that could not be read. @default none */
  readonly unreadable?: readonly Unreadable[];
  readonly retention: Retention;
  /** Its time zone is the calendar of the rules (UTC without a schedule), its interval the measure of staleness. */
  readonly schedule: Schedule;
  readonly now: Date;
}

export interface Selection {
  /** Why nothing is selected, each with how to end it; empty when the policy acts. */
  readonly frozen: readonly string[];
  /** One decision per point, newest first. */
  readonly decisions: readonly PruneDecision[];
}

/**
 * Decides what may expire. Never the newest good point, the newest proven one, one that is held, or one that is
 * quarantined or not signed by a trusted key: those do not count as copies, and a person decides about them. Nothing
 * at all while the catalog is in doubt.
 */
export const selectExpired = ({ points, unreadable = [], retention, schedule, now }: RetentionInput): Selection => {
  const sorted = points.toSorted((a, b) => (a.id > b.id ? -1 : 1));
  const frozen = freezes({ points: sorted, unreadable, schedule, now });
  const kept = keepReasons(sorted, retention, schedule.kind === "cron" ? schedule.timeZone : "UTC");
  const decide = (point: CatalogPoint): PruneDecision => {
    const reasons = kept.get(point.id);
    if (reasons) return { point: point.id, keep: true, reasons };
    const why = isExpiring(point) ? "it is marked expire" : "no rule keeps it";
    return frozen.length > 0
      ? { point: point.id, keep: true, reasons: [`frozen, although ${why}`] }
      : { point: point.id, keep: false, reasons: [why] };
  };
  return { frozen, decisions: sorted.map(decide) };
};

/** Why each kept point is kept. `points` are sorted, newest first. */
const keepReasons = (
  points: readonly CatalogPoint[],
  retention: Retention,
  timeZone: string,
): ReadonlyMap<string, string[]> => {
  const good = points.filter(isGood);
  // A point that is marked expire is as good as gone: it fills no period, or another one would go in its place.
  const staying = good.filter((point) => !isExpiring(point));
  const rules = keepRules(
    staying.map(({ id }) => id),
    retention,
    timeZone,
  );
  const newestProven = good.find(isProven);
  const kept = new Map<string, string[]>();
  for (const point of points) {
    const reasons = [
      ...doubts(point),
      ...(point === good[0] ? ["newest"] : []),
      ...(point === newestProven ? ["newest proven"] : []),
      ...(isHeld(point) ? ["held"] : []),
      ...(rules.get(point.id) ?? []),
    ];
    if (reasons.length > 0) kept.set(point.id, reasons);
  }
  fillToMinimum(kept, good, staying, retention.minimum);
  return kept;
};

const doubts = (point: CatalogPoint): string[] => [
  ...(isQuarantined(point) ? ["quarantined: a person decides"] : []),
  ...(point.signature === "valid" ? [] : [`signature ${point.signature}: a person decides`]),
];

/** The newest ones that stay come first; those that are marked expire only when there are too few of the others. */
const fillToMinimum = (
  kept: Map<string, string[]>,
  good: readonly CatalogPoint[],
  staying: readonly CatalogPoint[],
  minimum: number,
): void => {
  for (const candidates of [staying, good]) {
    let missing = minimum - candidates.filter(({ id }) => kept.has(id)).length;
    for (const { id } of candidates) {
      if (missing <= 0 || kept.has(id)) continue;
      kept.set(id, [`minimum ${minimum}`]);
      missing -= 1;
    }
  }
};
