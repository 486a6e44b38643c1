import { type PointSelector, parse, pointSelector } from "../spec/index.ts";

/** Reads `latest`, a point's id, or the instant of --before. */
export const readSelector = (point: string | undefined, before?: string): PointSelector =>
  before === undefined
    ? parse(pointSelector, point ?? "latest", "POINT", "bad-config")
    : parse(pointSelector, { before }, "--before", "bad-config");
