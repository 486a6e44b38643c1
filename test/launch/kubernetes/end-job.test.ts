import { describe, expect, test } from "vitest";
import type { Cluster } from "../../../launch/kubernetes/cluster.ts";
import { endJob, removeJob } from "../../../launch/kubernetes/jobs.ts";

const gone = () => Object.assign(new Error("not found"), { code: 404 });

/** A cluster that keeps a Job that is deleted for so many looks, because its pod still ends. */
const clusterWith = (looks: number) => {
  const calls: string[] = [];
  let left = looks;
  const cluster = {
    namespace: "app",
    text: "namespace 'app'",
    batch: {
      deleteNamespacedJob: async ({ propagationPolicy }: { readonly propagationPolicy: string }) => {
        calls.push(`delete ${propagationPolicy}`);
      },
      readNamespacedJob: async () => {
        calls.push("look");
        left -= 1;
        if (left < 0) throw gone();
        return {};
      },
    },
    core: {
      deleteNamespacedSecret: async () => {
        throw gone();
      },
    },
  };
  return { cluster: cluster as unknown as Cluster, calls };
};

describe("a Job that is taken away", () => {
  test("with its result read: nobody waits for its pod, which has ended", async () => {
    const { cluster, calls } = clusterWith(2);
    await removeJob(cluster, "restorable-backup-1");
    expect(calls).toEqual(["delete Background"]);
  });

  test("without its result: it may run, and is waited for until its pod is gone", async () => {
    const { cluster, calls } = clusterWith(2);
    await endJob(cluster, "restorable-backup-1");
    expect(calls).toEqual(["delete Foreground", "look", "look", "look"]);
  });
});
