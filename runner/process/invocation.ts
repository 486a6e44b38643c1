/** A program to run: data, never a shell line. */
export interface Invocation {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to the job's environment; the only place where a password may be. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Exit codes that are no failure. @default [0] */
  readonly okExits?: readonly number[];
  /** Written to file descriptor 3, 4, … of the process, e.g. an age identity: never a file, never an argument. */
  readonly inputs?: readonly string[];
  /** Reads what the process writes to file descriptor 3 (only where `inputs` is absent), e.g. tar's index. */
  readonly onIndexLine?: (line: string) => void;
  /** Sees every line of stderr; the last ones are kept for the error in any case. */
  readonly onErrorLine?: (line: string) => void;
  /** Turns a failure into a better error than `process-failed`; undefined: no better one. */
  readonly explain?: (exit: number, stderr: string) => Error | undefined;
}
