import { planPrefix, type Repository, type Role } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";

/** Opens one plan's part of a repository with the credentials of a role. */
export const openPlanStore = (
  context: Context,
  { location, environment }: Repository,
  plan: string,
  role: Role,
): Store => openStore(context, location, role, planPrefix("", environment, plan));

/** Opens the root of a repository, where compatible layouts have their keys. */
export const openRootStore = (context: Context, { location }: Repository, role: Role): Store =>
  openStore(context, location, role, "");
