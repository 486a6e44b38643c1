import { z } from "zod";
import { directory, slug } from "./scalars.ts";
import { schedule } from "./schedule.ts";
import { login, tls } from "./source.ts";

/** A question that a restored database must answer with yes. */
export const drillCheck = z.strictObject({
  name: slug,
  /** The source of the database that is asked. @default the only database of the point */
  postgres: slug.optional(),
  /** One SELECT, run read-only. It must give a row, whose first column is neither false nor null. */
  query: z.string().min(1),
});
export type DrillCheck = z.infer<typeof drillCheck>;

/** Where a drill restores to. All of it is ours, and empty before and after. */
export const scratch = z.strictObject({
  /** A server that holds nothing but what every new server does. The login must be a superuser's. Absent: only for points without databases. */
  postgres: z
    .strictObject({
      host: z.string().min(1),
      port: z.number().int().min(1).max(65535).default(5432),
      login,
      tls: tls.default({ mode: "prefer" }),
    })
    .optional(),
  /** A directory that is empty or does not exist. */
  directory,
});
export type Scratch = z.infer<typeof scratch>;

/** What a stack's state says of the drills that it declares. */
export const declaredDrill = z.strictObject({ environment: slug, plan: slug, schedule });
export type DeclaredDrill = z.infer<typeof declaredDrill>;
