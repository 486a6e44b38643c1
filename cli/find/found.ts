import type { Plan, Repository } from "../../spec/index.ts";

export type Secrets = Readonly<Record<string, string | undefined>>;

/** One plan's part of a repository, and how to get in. */
export interface FoundSource {
  readonly repository: Repository;
  readonly plan: string;
  readonly secrets: Secrets;
}

/** A plan and all that is known about it. Without a state, there may be a repository only. */
export interface Found extends FoundSource {
  /** The whole plan: from the stack's state, or from --target. */
  readonly declared: Plan | undefined;
  /** Other repositories of the stack: another environment's, to restore from. */
  readonly repositories: readonly { readonly repository: Repository; readonly secrets: Secrets }[];
  /** The stack it is from; undefined without a state. */
  readonly stack: string | undefined;
}
