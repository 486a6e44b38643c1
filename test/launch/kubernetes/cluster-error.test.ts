import { expect, test } from "vitest";
import { clusterError } from "../../../launch/kubernetes/cluster-error.ts";

const cluster = { namespace: "app", text: "namespace 'app' (context 'prod')" };
const refusal = (code: number, message: string) =>
  Object.assign(new Error("refused"), { code, body: JSON.stringify({ kind: "Status", message }) });

const FORBIDDEN = 'jobs.batch is forbidden: User "eve" cannot create resource "jobs" in API group "batch"';

test.each([
  ["a right that is missing, named", refusal(403, FORBIDDEN), "too-few-rights", FORBIDDEN],
  [
    "a quota",
    refusal(403, 'jobs.batch "x" is forbidden: exceeded quota: none'),
    "cannot-start",
    "exceeded quota: none",
  ],
  ["no such namespace", refusal(404, 'namespaces "app" not found'), "missing-namespace", "not found"],
  ["an old login", refusal(401, "Unauthorized"), "bad-credentials", "Unauthorized"],
  ["a server that cannot answer now", refusal(503, "etcd is away"), "engine-unreachable", "etcd is away"],
  [
    "nobody there",
    new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 10.0.0.1:6443") }),
    "engine-unreachable",
    "ECONNREFUSED 10.0.0.1:6443",
  ],
])("%s", (_what, cause, code, text) => {
  const error = clusterError(cluster, "a Job could not be made", cause);
  expect(error).toMatchObject({ code, fact: expect.stringContaining(text) });
});
