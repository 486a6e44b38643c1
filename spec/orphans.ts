import { z } from "zod";
import { count, slug } from "./scalars.ts";

/** A comparison of rows with the files or objects that they expect. */
export const orphanQuery = z.strictObject({
  name: slug,
  /** One SELECT with one column: the path or key that a row expects, relative to the source. It is run read-only. */
  query: z.string().min(1),
  /** The source of the rows. @default the only database of the plan */
  postgres: slug.optional(),
  /** The files or objects source that is compared. */
  of: slug,
  /** What the values begin with, beyond the source's own root; it is taken off where it is there. */
  stripPrefix: z.string().min(1).optional(),
});
export type OrphanQuery = z.infer<typeof orphanQuery>;

const found = z.strictObject({
  count,
  /** The first ones in the order of their bytes. */
  first: z.array(z.string()),
});

/** What one comparison found. */
export const orphanReport = z.strictObject({
  name: slug,
  of: slug,
  /** Different values of the query. */
  rows: count,
  objects: count,
  /** Rows whose file or object is not there. */
  missing: found,
  /** Files or objects that no row expects. */
  extra: found,
});
export type OrphanReport = z.infer<typeof orphanReport>;
