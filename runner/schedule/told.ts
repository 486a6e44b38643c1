import { readFileSync } from "node:fs";
import {
  JobError,
  neededSecrets,
  parse,
  type SchedulerFile,
  type SecretsFile,
  scheduledJobs,
  schedulerFile,
  secretsFile,
} from "../../spec/index.ts";

/** What runs a plan is told: the plan, and values of the secrets that its jobs need. */
export interface Told {
  readonly plan: SchedulerFile["plan"];
  readonly secrets: SecretsFile["secrets"];
}

/**
 * Reads both files.
 * @throws JobError `bad-spec`; `missing-secret` where a backup would lack one: said at the start, not at night
 */
export const readTold = (files: { readonly file: string; readonly secrets: string }): Told => {
  const { plan } = parse(schedulerFile, readJson(files.file), "schedule");
  const { secrets } = parse(secretsFile, readJson(files.secrets), "secrets");
  refuseMissing(plan, secrets);
  return { plan, secrets };
};

/** @throws JobError `bad-spec` */
const readJson = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    // The text of a syntax error may quote what it could not read, which may be a secret.
    const reason = cause instanceof SyntaxError ? "it is not JSON" : String((cause as Error).message);
    throw new JobError("bad-spec", `'${file}' cannot be read: ${reason}`, "write it again, or `pulumi up --refresh`", {
      cause,
    });
  }
};

const refuseMissing = (plan: Told["plan"], secrets: Told["secrets"]): void => {
  const names = neededSecrets(scheduledJobs(plan)[0]).flatMap((ref) => (ref.kind === "env" ? [ref.name] : []));
  const missing = names.filter((name) => !secrets[name]);
  if (missing.length === 0) return;
  throw new JobError("missing-secret", `no value was handed over for ${missing.join(", ")}`, "run `pulumi up` again");
};
