import { type CatalogPoint, isFlagged, isQuarantined, type Schedule } from "../../spec/index.ts";
import { ageOf, ageText, isInFuture, staleAfter } from "../check/staleness.ts";

export interface Unreadable {
  readonly key: string;
  readonly reason: string;
}

interface Catalog {
  readonly points: readonly CatalogPoint[];
  readonly unreadable: readonly Unreadable[];
  readonly schedule: Schedule;
  readonly now: Date;
}

/** Counts as a copy: signed by a trusted key, and not set aside by a person. */
export const isGood = (point: CatalogPoint): boolean => point.signature === "valid" && !isQuarantined(point);

/** Why nothing may expire now; each sentence says how to end it. `points` are sorted, newest first. */
export const freezes = ({ points, unreadable, schedule, now }: Catalog): readonly string[] => {
  const good = points.filter(isGood);
  return [
    ...unreadableFreeze(unreadable),
    ...(points.length > 0 && good.length === 0 ? [NO_GOOD] : []),
    ...clockFreeze(good, now),
    ...staleFreeze(good, schedule, now),
    ...good.filter(isFlagged).map(flagFreeze),
  ];
};

const NO_GOOD =
  "no point is signed by a trusted key: put the writer's public key into the repository's trusted keys, or take a new backup";

const unreadableFreeze = (unreadable: readonly Unreadable[]): string[] =>
  unreadable.map(
    ({ key, reason }) =>
      `${key} cannot be read (${reason}): put the right object back, or remove it if it never was one`,
  );

const clockFreeze = (good: readonly CatalogPoint[], now: Date): string[] =>
  good
    .filter(({ id }) => isInFuture(id, now))
    .map(
      ({ id }) =>
        `point ${id} was begun ${ageText(-ageOf(id, now))} in the future: set the clock of its writer right, then quarantine this point`,
    );

const staleFreeze = ([newest]: readonly CatalogPoint[], schedule: Schedule, now: Date): string[] => {
  if (!newest) return [];
  const [age, limit] = [ageOf(newest.id, now), staleAfter(schedule, newest.id)];
  if (limit === undefined || age <= limit) return [];
  return [
    `the newest good point, ${newest.id}, is ${ageText(age)} old, and the schedule allows ${ageText(limit)}: find out why backups stopped, and take one`,
  ];
};

/** Also when newer points look well: the one after a shrunk point is compared with that, and seems to be normal. */
const flagFreeze = ({ id, manifest: { flags } }: CatalogPoint): string =>
  `point ${id} is flagged (${flags.map(({ fact }) => fact).join("; ")}): mark it accept if that is right, or quarantine it`;
