import type { Job } from "./job.ts";
import type { SecretRef } from "./scalars.ts";

/** Where a job's pod finds what it is told. */
const FOLDER = "/run/restorable/job";

/** What a job's pod is told, as files. */
export interface JobFiles {
  /** What the runner is started with. */
  readonly args: readonly string[];
  readonly folder: string;
  /** By file name. */
  readonly files: Readonly<Record<string, string>>;
}

/** The job, with each secret in a file of its own instead of the environment, where everybody who may look at the pod sees it. */
export const jobFiles = (job: Job, secrets: Readonly<Record<string, string>>): JobFiles => {
  const file = (name: string) => `secret-${name}`;
  const replaced = JSON.parse(JSON.stringify(job), (_key, value: unknown) =>
    isEnvRef(value) && value.name in secrets ? { kind: "file", path: `${FOLDER}/${file(value.name)}` } : value,
  ) as Job;
  // Of a file, one newline at its end is no part of the secret.
  const values = Object.entries(secrets).map(([name, value]) => [file(name), `${value}\n`] as const);
  return {
    args: ["--file", `${FOLDER}/job.json`],
    folder: FOLDER,
    files: { "job.json": JSON.stringify(replaced), ...Object.fromEntries(values) },
  };
};

const isEnvRef = (value: unknown): value is Extract<SecretRef, { kind: "env" }> =>
  typeof value === "object" &&
  value !== null &&
  "kind" in value &&
  value.kind === "env" &&
  "name" in value &&
  typeof value.name === "string" &&
  Object.keys(value).length === 2;
