import { isRequested, JobError, type PostgresSource, recreatedClaims } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { firstRelation } from "../postgres/first-relation.ts";
import type { TargetFacts } from "../postgres/inspect-target.ts";
import { withMaintenance } from "../postgres/maintenance.ts";
import type { PartRequest } from "./restore-part.ts";

type Ask = Pick<PartRequest, "plan" | "request"> & { readonly source: PostgresSource };

/** What every server has, whoever made it. */
const OWN = ["postgres", "template0", "template1"];

/**
 * Before the volume of a server is deleted: whatever is on it has to be among what this restore brings back.
 * @returns which server it is
 * @throws JobError `cannot-swap` naming what would be lost
 */
export const refuseToLose = async (context: Context, ask: Ask, target: TargetFacts): Promise<string> => {
  const { plan, request, source } = ask;
  const { systemIdentifier, databases } = target;
  if (systemIdentifier === undefined) {
    const fact = `'${target.admin.user}' may not ask which server it is on, so a new one could not be told from the old one`;
    throw new JobError("too-few-rights", fact, "give the source an admin that is superuser; nothing was touched");
  }
  const restored = plan.sources.flatMap((each) =>
    each.kind === "postgres" && isRequested(request, each) && each.host === source.host && each.port === source.port
      ? [each.database]
      : [],
  );
  const lost = [...databases].filter((name) => !OWN.includes(name) && !restored.includes(name));
  if (!restored.includes("postgres") && (await withMaintenance(context, source, [], firstRelation)) !== undefined)
    lost.push("postgres");
  if (lost.length === 0) return systemIdentifier;
  throw new JobError(
    "cannot-swap",
    `with its volume, the server ${source.host}:${source.port} would lose ${lost.sort().join(", ")}, which this restore does not bring back`,
    "back them up and restore them in the same request, or drop them: `restorable clean` drops what a restore superseded; nothing was touched",
  );
};

/**
 * A server that comes back as the same one did not lose its volume, so this restore is not what was asked for.
 * @throws JobError `restore-failed`
 */
export const refuseOldServer = ({ source, request }: Ask, target: TargetFacts, server: string | undefined): void => {
  const claims = recreatedClaims(request);
  if (claims.length === 0 || target.systemIdentifier !== server) return;
  throw new JobError(
    "restore-failed",
    `the server ${source.host}:${source.port} still has its old volume`,
    `\`restorable resume\` deletes ${claims.join(" and ")} and goes on; nothing was restored yet`,
  );
};
