import { JobError, type PointSelector, parse, pointSelector } from "../spec/index.ts";

/** Options that name a point in another way than by POINT. */
export interface PointOptions {
  /** An instant: the newest point complete before it. */
  readonly before?: string;
  /** The key of what an older tool stored. */
  readonly object?: string;
}

/**
 * Reads `latest`, a point's id, the instant of --before, or the key of --object.
 * @throws JobError `bad-config` when a point is named twice, or as nothing is named
 */
export const readSelector = (point: string | undefined, { before, object }: PointOptions = {}): PointSelector => {
  const named = [
    point && `'${point}'`,
    before === undefined ? undefined : "--before",
    object === undefined ? undefined : "--object",
  ].filter((each) => each !== undefined);
  if (named.length > 1)
    throw new JobError("bad-config", `${named.slice(0, 2).join(" and ")} both name a point`, "give one of them");
  if (object !== undefined) return { object };
  return before === undefined
    ? parse(pointSelector, point ?? "latest", "POINT", "bad-config")
    : parse(pointSelector, { before }, "--before", "bad-config");
};
