import { type ErrorCode, JobError } from "../../spec/index.ts";
import type { Cluster } from "./cluster.ts";

/** What the API server answered instead of doing it. */
export interface Refusal extends Error {
  readonly code: number;
  readonly body?: unknown;
}

export const isRefusal = (error: unknown, ...codes: readonly number[]): error is Refusal =>
  error instanceof Error &&
  "code" in error &&
  typeof error.code === "number" &&
  (codes.length === 0 || codes.includes(error.code));

/** The server's own sentence. */
export const refusalText = (error: Refusal): string => statusMessage(error.body) ?? error.message.split("\n")[0] ?? "";

const statusMessage = (body: unknown): string | undefined => {
  const status = typeof body === "string" ? fromJson(body) : body;
  return typeof status === "object" && status !== null && "message" in status ? String(status.message) : undefined;
};

const fromJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Whether asking again may help: it was not reached, the connection broke, or it cannot answer now. */
export const mayPass = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof JobError) &&
  (!isRefusal(error) || error.code === 429 || error.code >= 500);

/** Any error in words. */
export const errorText = (error: unknown): string => {
  if (isRefusal(error)) return refusalText(error);
  if (!(error instanceof Error)) return String(error);
  // `fetch failed` says nothing; why is in its cause.
  const { cause } = error;
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
};

/**
 * An error of the cluster as a person can act on it.
 * @param doing what was asked for: "a Job could not be made"
 */
export const clusterError = (cluster: Pick<Cluster, "text" | "namespace">, doing: string, cause: unknown): JobError => {
  if (cause instanceof JobError) return cause;
  if (mayPass(cause) || !isRefusal(cause)) return unreachable(cluster, cause);
  const text = refusalText(cause);
  const [code, hint] = known(cause.code, text, cluster.namespace);
  return new JobError(code, `${doing} in ${cluster.text}: ${text}`, hint, { cause });
};

const known = (status: number, text: string, namespace: string): readonly [ErrorCode, string] => {
  if (status === 401) return ["bad-credentials", "log in to the cluster again, as kubectl needs it too"];
  if (status === 404 && text.includes(`namespaces "${namespace}" not found`)) {
    return ["missing-namespace", "`kubectl get namespaces` shows them; make it, or correct the plan's target"];
  }
  if (status === 403 && /being terminated/.test(text)) {
    return ["missing-namespace", "the namespace is being deleted: wait until it is gone, and make it again"];
  }
  // The sentence names the verb, the resource and who asked.
  if (status === 403 && / cannot \w+ resource /.test(text)) {
    return ["too-few-rights", "have a Role with that verb on that resource bound to this user (docs/cli.md lists all)"];
  }
  if (status === 403) return ["cannot-start", "a quota or a policy of the namespace refused it; nothing was started"];
  return ["process-failed", "correct what the cluster names; nothing was started"];
};

export const unreachable = ({ text }: Pick<Cluster, "text">, cause: unknown): JobError =>
  new JobError(
    "engine-unreachable",
    `the cluster of ${text} cannot be reached: ${errorText(cause)}`,
    "try `kubectl get pods` with the same kubeconfig and context",
    { cause },
  );
