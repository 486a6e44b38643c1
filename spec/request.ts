import { z } from "zod";
import { only, onlyMistake } from "./only.ts";
import { directory, instant, POINT_ID, quotedInYaml, slug } from "./scalars.ts";
import { dockerName, kubernetesName } from "./target.ts";

const exactlyOne = (value: object): boolean =>
  Object.values(value).filter((member) => member !== undefined).length === 1;

const POINT =
  "expected 'latest', a recovery-point id like 20261121T010000Z-7f3a, { before: a time with an offset }, or { object: the key of an old object }";

/**
 * Which point: `latest`, an id, or the newest that was complete before an instant; or an object that an older tool
 * stored, by its key below the repository's root, with what the same run stored beside it.
 */
export const pointSelector = z.union(
  [
    z.string().regex(new RegExp(`^latest$|${POINT_ID.source}`), POINT),
    z.strictObject({ before: instant }),
    z.strictObject({ object: z.string().min(1) }),
  ],
  { error: POINT },
);
export type PointSelector = z.infer<typeof pointSelector>;

/** The key of an old object, where one is asked for. */
export const oldKeyOf = (point: PointSelector): string | undefined =>
  typeof point === "object" && "object" in point ? point.object : undefined;

/** Where the data go: exactly one key. */
export const into = z
  .strictObject({
    /** Beside the live data, then swapped in; the live data are kept. */
    replace: z.strictObject({}).optional(),
    /**
     * Over the live data, for targets without room for two copies; a verified safety backup is taken first. With `only`,
     * the paths go back where they were, and what stands there now is kept.
     */
    inPlace: z
      .strictObject({
        /**
         * Claims of StatefulSets that are deleted first and made again, empty: the databases that are restored come up on
         * new volumes. Only in a cluster. @default none
         */
        recreateClaims: z.array(kubernetesName).min(1).optional(),
      })
      .optional(),
    /** A database that does not exist yet. */
    database: z.string().min(1).optional(),
    /** A directory that does not exist yet, or is empty. */
    directory: directory.optional(),
    /** A volume of the Docker host, or a claim in the namespace, that does not exist yet, or is empty; the stack's config names it afterwards. */
    volume: dockerName.optional(),
  })
  .refine(exactlyOne, "expected exactly one of replace, inPlace, database, directory, volume");
export type Into = z.infer<typeof into>;

/** The claims that a request deletes and makes again. */
export const recreatedClaims = ({ into: { inPlace } }: Pick<Request, "into">): readonly string[] =>
  inPlace?.recreateClaims ?? [];

/** Into a new place: nothing is replaced, so nothing is stopped, and exactly one source is taken. */
export const goesElsewhere = ({ database, directory, volume }: Into): boolean =>
  database !== undefined || directory !== undefined || volume !== undefined;

/**
 * What happens to what is live. `replace`: it is kept under another name, and can come back. `inPlace`: it is
 * overwritten. `elsewhere`: nothing. Paths that are put back in place replace what stood there, and nothing is overwritten.
 */
export const modeOf = ({ into, only: picked }: Pick<Request, "into" | "only">): "replace" | "inPlace" | "elsewhere" => {
  if (goesElsewhere(into)) return "elsewhere";
  return into.inPlace !== undefined && picked === undefined ? "inPlace" : "replace";
};

/** What an operator asks for in stack config. A new id is one new run; the same id never runs twice. */
export const request = z
  .strictObject({
    id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, {
      error: quotedInYaml("expected 1 to 100 letters, digits, '.', '-', '_'"),
    }),
    /** The plan to restore onto; may be left out where the stack has only one. */
    plan: slug.optional(),
    /** Whose recovery point. @default this stack's own environment and the same plan */
    from: z.strictObject({ environment: slug.optional(), plan: slug.optional() }).optional(),
    point: pointSelector,
    into,
    /** Names of the sources to restore. @default all that `into` can take */
    sources: z.array(slug).min(1).optional(),
    /** Only some paths of one files source, or some tables of one database. @default all of each source */
    only: only.optional(),
    /** Must equal `<project>/<stack>/<plan>`. */
    confirm: z.string(),
    /** Why; a protected plan asks for it. */
    reason: z.string().min(1).optional(),
    /** Restore a point whose manifest has no valid signature. @default false */
    unverified: z.boolean().optional(),
  })
  .superRefine((asked, context) => {
    const message = onlyMistake(asked);
    if (message !== undefined) context.addIssue({ code: "custom", path: ["only"], message });
  })
  .superRefine(({ point, unverified }, context) => {
    if (oldKeyOf(point) === undefined || unverified === true) return;
    const message = "must be true: an old object has no manifest, so nothing says that it is what it was";
    context.addIssue({ code: "custom", path: ["unverified"], message });
  });
export type Request = z.infer<typeof request>;
