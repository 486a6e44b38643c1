import { JobError } from "../../spec/index.ts";
import { SshError } from "./ssh.ts";

/** What the engine answered instead of doing it. */
export interface Refusal extends Error {
  readonly statusCode: number;
  readonly json?: { readonly message?: string };
}

export const isRefusal = (error: unknown, ...codes: readonly number[]): error is Refusal =>
  error instanceof Error &&
  "statusCode" in error &&
  typeof error.statusCode === "number" &&
  (codes.length === 0 || codes.includes(error.statusCode));

/** The engine's own sentence. */
export const refusalText = (error: Refusal): string => error.json?.message ?? error.message;

/** Whether the engine was not reached at all, or the connection broke: asking again may help. */
export const isConnectionError = (error: unknown): boolean =>
  error instanceof Error && !(error instanceof JobError) && !isRefusal(error);

/**
 * An error of the engine as a person can act on it.
 * @param doing what was asked for: "a container could not be made"
 */
export const engineError = (host: string, doing: string, cause: unknown): JobError => {
  if (cause instanceof JobError) return cause;
  if (!isRefusal(cause)) return unreachable(host, cause);
  const text = refusalText(cause);
  const [code, hint] = known(text);
  return new JobError(code, `${doing} on ${host}: ${text}`, hint, { cause });
};

const known = (text: string): readonly ["missing-directory" | "wrong-version" | "process-failed", string] => {
  if (/bind source path does not exist/i.test(text)) {
    return [
      "missing-directory",
      "put that directory or file on the Docker host, or correct the plan; nothing was touched",
    ];
  }
  if (/platform|exec format error/i.test(text)) {
    return ["wrong-version", "build or pull the runner's image for the platform of this host; nothing was touched"];
  }
  return ["process-failed", "look at the engine of that host; nothing was touched"];
};

export const unreachable = (host: string, cause: unknown): JobError => {
  const said = cause instanceof Error ? cause.message : String(cause);
  const hint =
    cause instanceof SshError || host.startsWith("ssh://")
      ? `ssh has to work without asking: try \`ssh -o BatchMode=yes … docker version\` for ${host}`
      : "start the engine, look at the host of the plan's target, and at the rights on its socket";
  return new JobError("engine-unreachable", `the Docker engine at ${host} cannot be reached: ${said}`, hint, { cause });
};
