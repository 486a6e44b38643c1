import type { OnPlaced, RemoteJobs, RunJob } from "../launch/index.ts";
import type { Plan } from "../spec/index.ts";
import type { Stacks } from "./pulumi/stacks.ts";

/** The operator's terminal and machine, handed in so that nothing below `main.ts` reads them by itself. */
export interface Io {
  /** What was asked for: results only. */
  readonly out: (text: string) => void;
  /** Everything else: progress, warnings, questions. */
  readonly err: (text: string) => void;
  /** Whether `err` is a terminal, on which one line may be redrawn. */
  readonly terminal: boolean;
  /** Width of that terminal. */
  readonly columns: number;
  /** Whether `out` shows colours. */
  readonly color: boolean;
  /** Columns of `out`; undefined where that is no terminal: then nothing is wrapped. */
  readonly width: number | undefined;
  /** Asks one question and returns the answer; undefined where nobody can answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly now: () => Date;
  /** Aborted by Ctrl-C; its reason is a JobError. */
  readonly signal: AbortSignal;
  /** What runs jobs where a plan's target says; without a plan, on this machine. */
  readonly runnerOn: (plan: Plan | undefined) => RunJob;
  /** Told which job of a launcher runs elsewhere: it goes on when this process is left. */
  readonly onPlaced: OnPlaced;
  /** What is left of jobs on a target. */
  readonly remote: RemoteJobs;
  readonly stacks: Stacks;
}
