import {
  CATALOG,
  type CatalogPoint,
  type CopyJob,
  isExpiring,
  isQuarantined,
  type PointFact,
} from "../../spec/index.ts";
import type { Catalog } from "../catalog/read-catalog.ts";
import { isInFuture } from "../check/staleness.ts";
import { isGood } from "../prune/freezes.ts";
import { keepRules } from "../prune/keep-rules.ts";

export interface Choice {
  /** To be copied, oldest first. */
  readonly wanted: readonly CatalogPoint[];
  readonly present: number;
  /** What is not copied on purpose. */
  readonly left: readonly PointFact[];
  readonly problems: readonly PointFact[];
}

/**
 * Chooses what a copy lacks. What it has is never copied again, whatever the first repository says now; and what its
 * own retention would let expire at once is not copied.
 * @param now the time of the second repository's store
 */
export const choosePoints = (
  from: Catalog,
  to: Catalog,
  { retention, schedule }: Pick<CopyJob, "retention" | "schedule">,
  now: Date,
): Choice => {
  const known = new Set([
    ...to.points.map(({ id }) => id),
    ...to.unreadable.map(({ key }) => key.slice(CATALOG.length).replace(/\.json$/, "")),
  ]);
  const lacking = from.points.filter(({ id }) => !known.has(id));
  const left = lacking.filter(isQuarantined).map(({ id }) => ({ point: id, fact: "it is quarantined there" }));
  const free = lacking.filter((point) => !isQuarantined(point));
  const doubtful = free.flatMap((point) => {
    const fact = doubt(point, now);
    return fact === undefined ? [] : [{ point: point.id, fact }];
  });
  const good = free.filter((point) => doubt(point, now) === undefined);
  const timeZone = schedule.kind === "cron" ? schedule.timeZone : "UTC";
  const kept = retention && keptIds([...to.points.filter(stays), ...good], retention, timeZone);
  const wanted = good.filter(({ id }) => kept === undefined || kept.has(id));
  const unwanted = good.filter(({ id }) => kept !== undefined && !kept.has(id));
  return {
    wanted,
    present: from.points.length - lacking.length,
    left: [...left, ...unwanted.map(({ id }) => ({ point: id, fact: "the copy's retention would not keep it" }))],
    problems: [
      ...doubtful,
      ...from.points.flatMap((point) => overwritten(point, from, to)),
      ...from.unreadable.map(({ key, reason }) => ({ point: key, fact: `it cannot be read there: ${reason}` })),
    ],
  };
};

const stays = (point: CatalogPoint): boolean => isGood(point) && !isExpiring(point);

const doubt = ({ id, signature }: CatalogPoint, now: Date): string | undefined => {
  if (signature !== "valid") return `its signature is '${signature}': find out who wrote it, then quarantine it there`;
  return isInFuture(id, now)
    ? "it was begun in the future: set the clock of its writer right, then quarantine it there"
    : undefined;
};

/** What the rules keep of all that would be there, and the newest ones up to the minimum. */
const keptIds = (
  points: readonly CatalogPoint[],
  retention: NonNullable<CopyJob["retention"]>,
  timeZone: string,
): ReadonlySet<string> => {
  const newestFirst = points.map(({ id }) => id).toSorted((a, b) => (a > b ? -1 : 1));
  return new Set([...keepRules(newestFirst, retention, timeZone).keys(), ...newestFirst.slice(0, retention.minimum)]);
};

/** The copy keeps what it has; but somebody has written what nobody should. */
const overwritten = (
  point: CatalogPoint,
  from: Pick<Catalog, "origins">,
  to: Pick<Catalog, "origins">,
): readonly PointFact[] => {
  const { id, extraVersions } = point;
  const [there, here] = [from.origins.get(id), to.origins.get(id)];
  if (there && here && there.sha256 !== here.sha256) {
    const fact =
      "the first repository has another manifest under this id than the one that was copied; the copy was not touched: find out who wrote it";
    return [{ point: id, fact }];
  }
  if (extraVersions === 0 || isQuarantined(point)) return [];
  const fact = `somebody wrote over its manifest there ${extraVersions} times; the first version counts: find out who`;
  return [{ point: id, fact }];
};
