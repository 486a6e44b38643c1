import { readFileSync } from "node:fs";
import path from "node:path";
import {
  catalogName,
  JobError,
  type Plan,
  parse,
  plan as planSchema,
  repository as repositorySchema,
} from "../../spec/index.ts";
import type { Io } from "../io.ts";
import type { FindOptions } from "./find-options.ts";
import type { Found } from "./found.ts";
import { parseLocation } from "./location.ts";

/** A plan named by its repository, or by a file: nothing of Pulumi is needed. */
export const planWithoutState = (io: Io, options: FindOptions): Found => {
  const declared = options.target === undefined ? undefined : readTarget(io, options.target);
  const common = { declared, secrets: io.env, repositories: [], stack: undefined };
  if (options.repository === undefined) {
    if (!declared) throw new Error("unreachable: neither --repository nor --target");
    return { ...common, repository: declared.repository, plan: options.plan ?? catalogName(declared) };
  }
  const environment = options.environment ?? declared?.repository.environment;
  const plan = options.plan ?? (declared && catalogName(declared));
  if (environment === undefined || plan === undefined) {
    throw new JobError(
      "bad-config",
      `--repository needs ${environment === undefined ? "--environment NAME" : "--plan NAME"}`,
      "both are part of the path of every recovery point: <prefix>/<environment>/<plan>/",
    );
  }
  const repository = parse(
    repositorySchema,
    {
      environment,
      location: parseLocation(options.repository, io.env, io.cwd),
      trusted: options.publicKey ?? [],
    },
    "--repository",
    "bad-config",
  );
  return { ...common, repository, plan };
};

const readTarget = (io: Io, file: string): Plan => {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path.resolve(io.cwd, file), "utf8"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new JobError("bad-config", `${file} cannot be read as a plan: ${reason}`, "give a plan in JSON", { cause });
  }
  return parse(planSchema, value, file, "bad-config");
};
