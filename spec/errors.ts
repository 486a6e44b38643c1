/**
 * Every way a job can end, with its exit code. Codes are public API: scripts may rely on them.
 * `retry` says whether running the same again can help without a change by a person.
 */
export const ERROR_CODES = {
  "bad-spec": { exit: 2, retry: false },
  "bad-config": { exit: 2, retry: false },
  "wrong-confirm": { exit: 2, retry: false },
  "request-id-used": { exit: 2, retry: false },
  "unknown-point": { exit: 3, retry: false },
  "unknown-plan": { exit: 3, retry: false },
  "not-in-point": { exit: 3, retry: false },
  "no-points": { exit: 3, retry: false },
  "database-unreachable": { exit: 4, retry: true },
  "store-unreachable": { exit: 4, retry: true },
  "engine-unreachable": { exit: 4, retry: true },
  "clock-wrong": { exit: 4, retry: true },
  "bad-credentials": { exit: 5, retry: false },
  "too-few-rights": { exit: 5, retry: false },
  "missing-secret": { exit: 5, retry: false },
  "untrusted-server": { exit: 5, retry: false },
  "missing-database": { exit: 6, retry: false },
  "missing-directory": { exit: 6, retry: false },
  "missing-bucket": { exit: 6, retry: false },
  "missing-image": { exit: 6, retry: false },
  "missing-container": { exit: 6, retry: false },
  "missing-namespace": { exit: 6, retry: false },
  "missing-network": { exit: 6, retry: false },
  "missing-volume": { exit: 6, retry: false },
  "missing-tool": { exit: 6, retry: false },
  "missing-extension": { exit: 6, retry: false },
  "wrong-version": { exit: 6, retry: false },
  "wrong-key": { exit: 7, retry: false },
  unsigned: { exit: 7, retry: false },
  "bad-signature": { exit: 7, retry: false },
  corrupt: { exit: 7, retry: false },
  "empty-source": { exit: 8, retry: false },
  "process-failed": { exit: 8, retry: true },
  "cannot-start": { exit: 8, retry: true },
  "counts-differ": { exit: 8, retry: false },
  "no-room": { exit: 9, retry: false },
  "target-not-empty": { exit: 9, retry: false },
  "wrong-target": { exit: 9, retry: false },
  "cannot-swap": { exit: 9, retry: false },
  busy: { exit: 10, retry: true },
  "lease-lost": { exit: 10, retry: true },
  "precondition-failed": { exit: 10, retry: true },
  "lock-contradiction": { exit: 2, retry: false },
  "store-lacks": { exit: 6, retry: false },
  "hook-failed": { exit: 11, retry: false },
  "quiesce-failed": { exit: 11, retry: false },
  "probe-failed": { exit: 11, retry: false },
  "network-lost": { exit: 14, retry: true },
  "restore-failed": { exit: 12, retry: false },
  unhealthy: { exit: 13, retry: false },
  degraded: { exit: 15, retry: false },
  interrupted: { exit: 130, retry: true },
  bug: { exit: 70, retry: false },
} as const satisfies Record<string, { exit: number; retry: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** A failure a person can act on: a stable code, what is the case, and what to do about it. */
export class JobError extends Error {
  readonly code: ErrorCode;
  readonly fact: string;
  readonly hint: string;

  constructor(code: ErrorCode, fact: string, hint: string, options?: { cause?: unknown }) {
    super(`${fact} (${code}); ${hint}`, options);
    this.name = "JobError";
    this.code = code;
    this.fact = fact;
    this.hint = hint;
  }
}

/** The process exit code for an error; anything that is not a JobError is a defect of ours. */
export const exitCode = (error: unknown): number => (error instanceof JobError ? ERROR_CODES[error.code].exit : 70);
