import { z } from "zod";
import { caFiles } from "./ca-files.ts";
import { compatibleLayout, layoutMistake } from "./compatible-layout.ts";
import { criticality } from "./criticality.ts";
import { orphanQuery } from "./orphans.ts";
import { quiesce } from "./quiesce.ts";
import { copyMistake, isSameBucket, type Location, repository } from "./repository.ts";
import { retention } from "./retention.ts";
import { recipient, slug } from "./scalars.ts";
import { schedule } from "./schedule.ts";
import { hooks, type Mount, source } from "./source.ts";
import { target } from "./target.ts";

/** What is backed up together, how often, how long it is kept, and where to. */
export const plan = z
  .strictObject({
    version: z.literal(1),
    project: z.string().min(1),
    stack: z.string().min(1),
    name: slug,
    target,
    /** None where the plan copies points. */
    sources: z
      .array(source)
      .refine(
        (sources) => new Set(sources.map(({ name }) => name)).size === sources.length,
        "two sources have the same name",
      ),
    /** Its environment is the plan's. */
    repository,
    /** Its points are copies of another repository's: it takes none of its own, and they keep the plan's name that they have there. */
    copyOf: z.strictObject({ repository, plan: slug }).optional(),
    /** Whether somebody is woken when it is not healthy. @default critical */
    criticality: criticality.optional(),
    /** Names as an older tool's, not compressed and not encrypted, for the sources that the layout names. @default our own */
    layout: compatibleLayout.optional(),
    schedule: schedule.default({ kind: "none" }),
    /** Absent: everything is kept. */
    retention: retention.optional(),
    /** Each can decrypt every point of this plan. */
    recipients: z.array(recipient),
    /** A fall of rows or bytes below this share of the last point's flags the new point and freezes pruning. @default 0.5 */
    shrinkBelow: z.number().min(0).max(1).default(0.5),
    quiesce: quiesce.optional(),
    hooks: hooks.optional(),
    /** Comparisons of rows with the files or objects that they expect: by `restorable orphans`, and after each restore of both. */
    orphans: z.array(orphanQuery).optional(),
    /** A restore onto a protected plan needs a reason; its superseded data are held longer. @default false */
    protected: z.boolean().default(false),
    /** How long what a restore replaced is held, at least. @default 14 days if protected, else 1 superseded copy */
    superseded: z
      .union(
        [
          z.strictObject({ days: z.number().int().min(14).max(3650) }),
          z.strictObject({ keep: z.number().int().min(1) }),
        ],
        { error: "expected { days: from 14 to 3650 } or { keep: at least 1 }" },
      )
      .optional(),
    /** Seconds a lease or lock lives without being renewed. @default 90 */
    leaseSeconds: z.number().int().min(3).default(90),
  })
  .superRefine(({ copyOf, sources, recipients, repository: to }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    const mistake = copyOf && copyMistake(copyOf.repository, to);
    if (mistake !== undefined) refuse("repository", mistake);
    if (copyOf && sources.length > 0) refuse("sources", "a plan that copies points has no source of its own");
    if (copyOf) return;
    if (sources.length === 0) refuse("sources", "expected at least one source");
    if (recipients.length === 0) refuse("recipients", "expected at least one age recipient");
  })
  .superRefine(({ sources, orphans = [] }, context) => {
    const refuse = (index: number, field: string, message: string) =>
      context.addIssue({ code: "custom", path: ["orphans", index, field], message });
    const databases = sources.filter(({ kind }) => kind === "postgres");
    orphans.forEach(({ postgres, of }, index) => {
      const compared = sources.find(({ name }) => name === of);
      if (!compared || compared.kind === "postgres")
        refuse(index, "of", `expected a files or objects source of this plan, not '${of}'`);
      if (postgres === undefined && databases.length !== 1)
        refuse(index, "postgres", "is missing; expected the name of a database source");
      if (postgres !== undefined && !databases.some(({ name }) => name === postgres))
        refuse(index, "postgres", `expected a database source of this plan, not '${postgres}'`);
    });
  })
  .superRefine(({ sources, repository: { location } }, context) => {
    sources.forEach((source, index) => {
      if (source.kind !== "objects" || !isSameBucket(source, location)) return;
      const message = `the repository lies in '${source.bucket}' too, the bucket that the source '${source.name}' is to be backed up from: whoever loses that bucket loses both; put the repository into another bucket`;
      context.addIssue({ code: "custom", path: ["sources", index, "bucket"], message });
    });
  })
  .superRefine(({ target, sources, quiesce }, context) => {
    const cluster = target.kind === "kubernetes";
    sources.forEach((source, index) => {
      // A machine that reads a point by its manifest mounts nothing, whatever was mounted where it was taken.
      if (target.kind === "local" || source.kind !== "files" || !source.mount || isOfCluster(source.mount) === cluster)
        return;
      const message = cluster
        ? `expected a claim or a Secret of the namespace, not a ${source.mount.kind}`
        : `a ${source.mount.kind} needs a target in a cluster`;
      context.addIssue({ code: "custom", path: ["sources", index, "mount"], message });
    });
    quiesce?.units.forEach((unit, index) => {
      if ((unit.kind === "workload") === cluster) return;
      const message = cluster
        ? `expected a Deployment or a StatefulSet, not '${unit.kind}'`
        : "a Deployment or a StatefulSet needs a target in a cluster";
      context.addIssue({ code: "custom", path: ["quiesce", "units", index], message });
    });
    quiesce?.probes.forEach(({ kind }, index) => {
      if (kind === "http" || (kind === "pod") === cluster) return;
      const message = cluster ? "expected a probe in a pod" : "a probe in a pod needs a target in a cluster";
      context.addIssue({ code: "custom", path: ["quiesce", "probes", index], message });
    });
  })
  .superRefine(({ target, sources, repository: { location } }, context) => {
    if (target.kind === "kubernetes") {
      const given = target.certificates.map(({ path }) => path);
      for (const file of caFiles(sources, [location]).filter((path) => !given.includes(path))) {
        const message = `the CA file '${file}' is in no pod: expected its path among the certificates, with the ConfigMap or Secret that holds it`;
        context.addIssue({ code: "custom", message, path: ["target", "certificates"] });
      }
    }
    if (target.kind !== "docker") return;
    for (const file of caFiles(sources, [location]).filter((path) => !path.startsWith("/"))) {
      const message = `the CA file '${file}' is mounted into containers: expected its absolute path on the Docker host`;
      context.addIssue({ code: "custom", message, path: ["target"] });
    }
  })
  .superRefine(({ layout, sources }, context) => {
    const message = layout && layoutMistake(layout, sources);
    if (message !== undefined) context.addIssue({ code: "custom", message, path: ["layout"] });
  });
export type Plan = z.infer<typeof plan>;

const isOfCluster = ({ kind }: Mount): boolean => kind === "claim" || kind === "secret";

/** The name under which a plan's points lie in its repository. */
export const catalogName = ({ name, copyOf }: Pick<Plan, "name" | "copyOf">): string => copyOf?.plan ?? name;

/** Every place that the jobs of a plan read or write. */
export const placesOf = ({ repository: { location }, copyOf }: Pick<Plan, "repository" | "copyOf">): Location[] => [
  location,
  ...(copyOf ? [copyOf.repository.location] : []),
];
