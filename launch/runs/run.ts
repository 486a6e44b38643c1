/** One time that a plan was backed up, or was to be. */
export interface Run {
  /** Of the job, or when it began where one container takes all runs. */
  readonly id: string;
  readonly state: "running" | "succeeded" | "failed";
  /** Who asked for it; a point alone does not say. */
  readonly by?: "schedule" | "hand";
  readonly began: string;
  readonly ended?: string;
  readonly point?: string;
  /** Why it failed, where that is known here; its log says more. */
  readonly error?: string;
}
