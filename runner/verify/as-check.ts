import { type Check, type ErrorCode, JobError } from "../../spec/index.ts";

const ABOUT_THE_DATA: readonly ErrorCode[] = [
  "corrupt",
  "wrong-key",
  "process-failed",
  "counts-differ",
  "restore-failed",
];

/** Whether an error says something of the data, and not only of the way to them. */
export const isFinding = (error: unknown): error is JobError =>
  error instanceof JobError && ABOUT_THE_DATA.includes(error.code);

/**
 * What is wrong with the data is a finding; what is wrong with the way to them ends the job.
 * @param about tells the two apart
 */
export const asCheck = async (
  name: string,
  work: () => Promise<string>,
  about: (error: unknown) => error is JobError = isFinding,
): Promise<Check> => {
  try {
    return { name, ok: true, detail: await work() };
  } catch (error) {
    if (!about(error)) throw error;
    return { name, ok: false, detail: error.fact };
  }
};
