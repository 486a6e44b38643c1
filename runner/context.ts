import type { Holder, SecretRef } from "../spec/index.ts";

/** How a job tells what it does, while it does it. */
export interface Reporter {
  /** A step begins: one sentence. */
  readonly step: (step: string, text: string) => void;
  /** How far a long step is, in bytes; called often, printed rarely. `total` may be unknown. */
  readonly progress: (step: string, text: string, bytes: number, total?: number) => void;
  readonly warning: (text: string) => void;
}

/** The world, handed in: nothing below `main.ts` reads the clock, the environment or stdin by itself. */
export interface Context {
  readonly now: () => Date;
  /** Aborted by SIGINT, SIGTERM or a lost lease; its reason is a JobError. */
  readonly signal: AbortSignal;
  /**
   * The value that a reference names.
   * @throws JobError `missing-secret`
   */
  readonly secret: (ref: SecretRef) => string;
  readonly report: Reporter;
  /** The environment of child processes: PATH, locale and the like, without any secret. */
  readonly env: Readonly<Record<string, string>>;
  /** This process, as journals and leases name it. */
  readonly holder: Holder;
  /** A random whole number from 0 to `below` − 1. */
  readonly random: (below: number) => number;
}

/** The same world with another end: for work that must finish although the job was told to stop. */
export const withSignal = (context: Context, signal: AbortSignal): Context => ({ ...context, signal });
