import type { Entry, Manifest, Plan } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { handCommands } from "./hand-commands.ts";
import { shrinkFlags } from "./shrink.ts";
import { toolVersions } from "./tool-versions.ts";

/** What one run of a plan has stored. */
export interface Stored {
  readonly id: string;
  readonly begun: Date;
  readonly identity: Manifest["identity"];
  readonly sources: readonly Entry[];
  readonly previous: Manifest | undefined;
}

/** Describes a point whose artifacts are all stored. */
export const makeManifest = async (
  context: Context,
  plan: Plan,
  { id, begun, identity, sources, previous }: Stored,
): Promise<Manifest> => ({
  version: 1,
  id,
  plan: plan.name,
  environment: plan.repository.environment,
  project: plan.project,
  stack: plan.stack,
  host: context.holder.host,
  started: begun.toISOString(),
  finished: context.now().toISOString(),
  moment: "database-first",
  tools: await toolVersions(context),
  sources: [...sources],
  identity,
  flags: [...shrinkFlags(sources, previous, plan.shrinkBelow)],
  ...(previous ? { previous: previous.id } : {}),
  plannedSources: plan.sources,
  commands: [...handCommands(plan, id, sources)],
});
