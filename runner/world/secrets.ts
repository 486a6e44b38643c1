import { readFileSync } from "node:fs";
import { JobError, type SecretRef } from "../../spec/index.ts";

/**
 * Looks up secrets: what the launcher handed over on stdin first, then the environment, then files.
 * One trailing newline of a file is not part of the secret.
 */
export const secretReader =
  (handedOver: Readonly<Record<string, string>>, environment: Readonly<Record<string, string | undefined>>) =>
  (ref: SecretRef): string => {
    switch (ref.kind) {
      case "env": {
        const value = handedOver[ref.name] ?? environment[ref.name];
        if (value !== undefined && value !== "") return value;
        throw new JobError(
          "missing-secret",
          `the secret '${ref.name}' was not handed over`,
          `set the environment variable ${ref.name} and run again`,
        );
      }
      case "file":
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
    }
  };
