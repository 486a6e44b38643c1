import { readFileSync } from "node:fs";
import { JobError, type SecretRef } from "../spec/index.ts";
import type { Secrets } from "./run-job.ts";

/** Looks up a secret that the launcher itself needs. One trailing newline of a file is not part of it. */
export const secretReader =
  (secrets: Secrets) =>
  (ref: SecretRef): string => {
    if (ref.kind === "env") {
      const value = secrets[ref.name];
      if (value) return value;
      throw new JobError(
        "missing-secret",
        `the secret '${ref.name}' was not given`,
        `set ${ref.name} in the environment and run again`,
      );
    }
    try {
      return readFileSync(ref.path, "utf8").replace(/\r?\n$/, "");
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new JobError(
        "missing-secret",
        `the secret file '${ref.path}' cannot be read: ${reason}`,
        "write the secret there and run again",
        { cause },
      );
    }
  };
