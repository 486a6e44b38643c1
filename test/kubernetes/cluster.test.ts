import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RUNNER_IMAGE } from "../../tools/docker/images.ts";
import { waitFor } from "../support/wait-for.ts";
import { apply, kubectl } from "./support/kubectl.ts";

const NAMESPACE = "cluster-test";

/** What Pod Security `restricted` asks of a pod, and of its container. */
const POD = {
  restartPolicy: "Never",
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" }, fsGroup: 10001 },
};
const CONTAINER = {
  name: "runner",
  image: RUNNER_IMAGE,
  imagePullPolicy: "IfNotPresent",
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
};

describe("the cluster of this tier · Kubernetes", () => {
  beforeAll(async () => {
    await kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found");
    await apply({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
  });

  afterAll(() => kubectl("delete", "namespace", NAMESPACE, "--wait=false"));

  test("the runner's image runs as a job under restricted Pod Security, with a volume, and finds services by name", async () => {
    const script = `
      fs.writeFileSync("/data/file", "kept");
      require("node:dns").promises.lookup("kubernetes.default.svc.cluster.local").then(({ address }) => console.log(process.getuid(), address));`;
    await apply(
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data", namespace: NAMESPACE },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Mi" } } },
      },
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "job", namespace: NAMESPACE },
        spec: {
          backoffLimit: 0,
          template: {
            spec: {
              ...POD,
              volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
              containers: [
                {
                  ...CONTAINER,
                  command: ["node", "--eval", script],
                  volumeMounts: [{ name: "data", mountPath: "/data" }],
                },
              ],
            },
          },
        },
      },
    );
    await waitFor("the job to end", async () => {
      const status = await kubectl("get", "job", "job", "-n", NAMESPACE, "-o", "jsonpath={.status}");
      return /"(succeeded|failed)":1/.test(status) || undefined;
    });
    expect(await kubectl("logs", "job/job", "-n", NAMESPACE)).toMatch(/^10001 10\./);
  });

  test("a pod that wants to be root is refused", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "root", namespace: NAMESPACE },
      spec: { containers: [{ name: "root", image: RUNNER_IMAGE }] },
    };
    await expect(apply(pod)).rejects.toThrow(/violates PodSecurity/);
  });
});
