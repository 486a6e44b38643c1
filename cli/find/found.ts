import type { Plan, Repository, Schedule } from "../../spec/index.ts";

export type Secrets = Readonly<Record<string, string | undefined>>;

/** Where jobs run, and what they may be handed. */
export interface RunsOn {
  /** The plan whose target it is, as it was declared; undefined: this machine. */
  readonly declared: Plan | undefined;
  readonly secrets: Secrets;
}

/** One plan's part of a repository, and how to get in. */
export interface FoundSource extends RunsOn {
  readonly repository: Repository;
  readonly plan: string;
}

/** A plan and all that is known about it. Without a state, there may be a repository only. */
export interface Found extends FoundSource {
  /** Other repositories of the stack: another environment's, to restore from. */
  readonly repositories: readonly { readonly repository: Repository; readonly secrets: Secrets }[];
  /** When the stack declares drills of it; undefined where it declares none. */
  readonly drills?: Schedule | undefined;
  /** The stack it is from; undefined without a state. */
  readonly stack: string | undefined;
}
