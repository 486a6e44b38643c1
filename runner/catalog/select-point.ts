import {
  type CatalogPoint,
  isExpiring,
  isQuarantined,
  JobError,
  type PointSelector,
  pointTime,
} from "../../spec/index.ts";

export interface SelectedPoint {
  readonly point: CatalogPoint;
  /** What whoever asked should know, one sentence each. */
  readonly warnings: readonly string[];
}

export interface SelectOptions {
  /** Take a point whose manifest has no valid signature. */
  readonly unverified: boolean;
}

/**
 * Selects a recovery point. `latest` and `before` choose the newest that is not quarantined and whose signature is
 * valid, and say so when that passes over a newer one; an id is taken as it is.
 * @param points oldest first, as `readCatalog` gives them
 * @throws JobError `no-points`, `unknown-point`, `unsigned`, `bad-signature`
 */
export const selectPoint = (
  points: readonly CatalogPoint[],
  selector: PointSelector,
  options: SelectOptions,
): SelectedPoint => {
  if (points.length === 0) {
    throw new JobError(
      "no-points",
      "there is no recovery point",
      "check the environment and the plan, or take a backup",
    );
  }
  if (selector === "latest") return newestOf(points, options);
  if (typeof selector === "string") return byId(points, selector, options);
  if ("object" in selector) throw oldObject(selector.object);
  const end = Date.parse(selector.before);
  const earlier = points.filter(({ manifest }) => Date.parse(manifest.finished) < end);
  if (earlier.length === 0) {
    const [oldest] = points;
    throw new JobError(
      "unknown-point",
      `no recovery point was finished before ${selector.before}; the oldest, ${oldest?.id}, was at ${oldest?.manifest.finished}`,
      "choose a later time, or an id from `restorable list`",
    );
  }
  return newestOf(earlier, options);
};

const oldObject = (key: string): JobError =>
  new JobError(
    "unknown-point",
    `${key} is an older tool's object, and no recovery point`,
    "a request in the stack's config can restore it (`point: { object: … }`), and that reads it to its end; nothing else can be done with it",
  );

const newestOf = (points: readonly CatalogPoint[], options: SelectOptions): SelectedPoint => {
  const free = points.filter((point) => !isQuarantined(point));
  const newest = free.at(-1);
  if (!newest) {
    const hint = "look at why (`restorable show`), and name one by its id if you want it all the same";
    throw new JobError("no-points", `every recovery point is quarantined (${points.length})`, hint);
  }
  const point = options.unverified ? newest : free.findLast(({ signature }) => signature === "valid");
  if (!point) throw notBelieved(newest);
  const passed = points.slice(points.indexOf(point) + 1).map(passedOver);
  return { point, warnings: [...passed, ...warningsOf(point)] };
};

const byId = (points: readonly CatalogPoint[], id: string, { unverified }: SelectOptions): SelectedPoint => {
  const point = points.find((candidate) => candidate.id === id);
  if (!point) {
    throw new JobError(
      "unknown-point",
      `there is no recovery point ${id}; the nearest are ${nearest(points, id).join(", ")}`,
      "list them all with `restorable list`",
    );
  }
  if (!unverified && point.signature !== "valid") throw notBelieved(point);
  const quarantined = isQuarantined(point) ? [`${id} is quarantined: ${reasonFor(point)}`] : [];
  return { point, warnings: [...quarantined, ...warningsOf(point)] };
};

const warningsOf = (point: CatalogPoint): string[] => [
  ...(point.signature === "valid"
    ? []
    : [`the manifest of ${point.id} is not believed: its ${SIGNATURE[point.signature]}`]),
  ...(point.extraVersions === 0
    ? []
    : [`somebody wrote over the manifest of ${point.id} ${point.extraVersions} times; the first version counts`]),
  ...(isExpiring(point) ? [`${point.id} is marked to expire and may vanish: hold it (\`restorable mark hold\`)`] : []),
];

const passedOver = (point: CatalogPoint): string =>
  isQuarantined(point)
    ? `${point.id} is newer but quarantined: ${reasonFor(point)}`
    : `${point.id} is newer but not believed: its ${SIGNATURE[point.signature]}`;

const reasonFor = ({ marks }: CatalogPoint): string =>
  marks.findLast(({ kind }) => kind === "quarantine")?.reason ?? "";

const SIGNATURE = {
  valid: "signature is valid",
  untrusted: "signature is by a key that is not trusted",
  bad: "signature does not fit",
  none: "manifest is unsigned",
} as const satisfies Record<CatalogPoint["signature"], string>;

const notBelieved = ({ id, signature }: CatalogPoint): JobError =>
  new JobError(
    signature === "none" ? "unsigned" : "bad-signature",
    `recovery point ${id} is not believed: its ${SIGNATURE[signature]}`,
    signature === "untrusted"
      ? "if the key is the writer's, add its public key to `trusted`; otherwise choose another point"
      : "choose another point; only if you know where it comes from, set `unverified: true` in the request",
  );

/** The three that were begun nearest to the time in an id, oldest first. */
const nearest = (points: readonly CatalogPoint[], id: string): readonly string[] => {
  const distance = (other: string) => Math.abs(pointTime(other).getTime() - pointTime(id).getTime());
  return points
    .map((point) => point.id)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, 3)
    .sort();
};
