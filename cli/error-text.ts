import { ERROR_CODES, type ErrorReport, JobError } from "../spec/index.ts";

/** An error as --json gives it; anything that is not a JobError is a defect of ours. */
export const errorReport = (error: unknown): ErrorReport => {
  if (error instanceof JobError) return { code: error.code, fact: error.fact, hint: error.hint };
  const fact = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "bug", fact, hint: "this is a defect of restorable: please report it with this text" };
};

/** What happened, and what to do about it. */
export const errorText = (error: unknown): string => {
  const { code, fact, hint } = errorReport(error);
  const again = ERROR_CODES[code].retry ? "\n  the same command may work later" : "";
  return `error: ${fact}\n  ${hint}${again}\n  (${code})\n`;
};
