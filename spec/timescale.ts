import { z } from "zod";
import { count } from "./scalars.ts";

/** A table whose rows lie in chunks. */
export const hypertable = z.strictObject({
  schema: z.string(),
  table: z.string(),
  chunks: count,
  /** Of all its chunks together. */
  rows: count,
});
export type Hypertable = z.infer<typeof hypertable>;

/** What TimescaleDB says of a database; its version is among the extensions. */
export const timescale = z.strictObject({
  /** `apache`, which has neither continuous aggregates nor compression nor policies, or `timescale`. */
  license: z.string(),
  hypertables: z.array(hypertable),
  continuousAggregates: z.array(z.strictObject({ schema: z.string(), view: z.string() })),
});
export type Timescale = z.infer<typeof timescale>;
