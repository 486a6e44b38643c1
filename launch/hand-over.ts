import { type Job, neededSecrets, type SecretRef } from "../spec/index.ts";
import type { Secrets } from "./run-job.ts";

/** The values of the secrets that a job names, and of no others, by name. A missing one is named by the runner. */
export const handedOver = (job: Job, secrets: Secrets): Record<string, string> =>
  Object.fromEntries(
    neededSecrets(job).flatMap((ref) => {
      const value = ref.kind === "env" ? secrets[ref.name] : undefined;
      return ref.kind === "env" && value !== undefined ? [[ref.name, value]] : [];
    }),
  );

/** What a runner reads on stdin: the job, and in a second line the secrets. */
export const runnerInput = (job: Job, secrets: Readonly<Record<string, string>>): string =>
  `${JSON.stringify(job)}\n${JSON.stringify({ secrets })}\n`;

/** The job with its secret files read here, where they are: no file of this machine is in a container. */
export const filesHandedOver = (
  job: Job,
  secrets: Secrets,
  read: (ref: SecretRef) => string,
): { readonly job: Job; readonly secrets: Record<string, string> } => {
  const files = [...new Set(neededSecrets(job).flatMap((ref) => (ref.kind === "file" ? [ref.path] : [])))];
  const name = (path: string) => `RESTORABLE_FILE_${files.indexOf(path) + 1}`;
  const replaced = JSON.parse(JSON.stringify(job), (_key, value: unknown) =>
    isFileRef(value) && files.includes(value.path) ? { kind: "env", name: name(value.path) } : value,
  ) as Job;
  const values = files.map((path) => [name(path), read({ kind: "file", path })] as const);
  return { job: replaced, secrets: { ...handedOver(job, secrets), ...Object.fromEntries(values) } };
};

const isFileRef = (value: unknown): value is Extract<SecretRef, { kind: "file" }> =>
  typeof value === "object" &&
  value !== null &&
  "path" in value &&
  "kind" in value &&
  value.kind === "file" &&
  Object.keys(value).length === 2;
