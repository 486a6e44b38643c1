import type { CopyJob, Repository, Role } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { openPlanStore, openRootStore } from "../jobs/plan-store.ts";
import type { Store } from "../store/store.ts";

/** A plan's part of a repository, and the repository's root, where compatible layouts have their keys. */
export interface Place {
  readonly store: Store;
  readonly root: Store;
}

/** Where points are read, and where they are written. */
export interface Places {
  readonly from: Place;
  readonly to: Place;
}

export const openPlaces = (context: Context, { from, to, plan }: CopyJob): Places => {
  const place = (repository: Repository, role: Role): Place => ({
    store: openPlanStore(context, repository, plan, role),
    root: openRootStore(context, repository, role),
  });
  return { from: place(from, "reader"), to: place(to, "writer") };
};
