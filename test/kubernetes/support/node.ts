import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { apply, kubectl } from "./kubectl.ts";

/** The node under the pods of one namespace, by a privileged pod in a namespace of its own. */
export class ClusterNode {
  readonly #of: string;
  readonly #own: string;
  readonly #volumes: string[] = [];

  private constructor(of: string) {
    this.#of = of;
    this.#own = `${of}-node`;
  }

  static async of(namespace: string): Promise<ClusterNode> {
    const node = new ClusterNode(namespace);
    const name = node.#own;
    const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
    await apply(
      { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } },
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "node", namespace: name },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: "node",
              image: RUNNER_IMAGE,
              command: ["sleep", "3600"],
              securityContext: { privileged: true, runAsUser: 0, runAsGroup: 0 },
              volumeMounts: [{ name: "lib", mountPath: "/node/var/lib", mountPropagation: "Bidirectional" }],
            },
          ],
          volumes: [{ name: "lib", hostPath: { path: "/var/lib", type: "Directory" } }],
        },
      },
    );
    await kubectl("--namespace", name, "wait", "--for=condition=Ready", "pod/node", "--timeout=120s");
    return node;
  }

  /**
   * A claim whose volume really is so small: the cluster's own provisioner makes directories of the node's disk, which no
   * size limits. A stand-in for a volume of a cloud: a tmpfs of the node.
   */
  async smallClaim(name: string, mebibytes: number): Promise<void> {
    const namespace = this.#of;
    const volume = `${namespace}-${name}`;
    await this.#run("mkdir", `/node/var/lib/${volume}`);
    await this.#run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m,mode=0777`, "tmpfs", `/node/var/lib/${volume}`);
    this.#volumes.push(volume);
    const storage = `${mebibytes}Mi`;
    const common = { accessModes: ["ReadWriteOnce"], storageClassName: "" };
    await apply(
      {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: volume },
        spec: {
          ...common,
          capacity: { storage },
          persistentVolumeReclaimPolicy: "Retain",
          claimRef: { namespace, name },
          hostPath: { path: `/var/lib/${volume}`, type: "Directory" },
        },
      },
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name, namespace },
        spec: { ...common, volumeName: volume, resources: { requests: { storage } } },
      },
    );
  }

  async close(): Promise<void> {
    for (const volume of this.#volumes) {
      // Lazily: pods that have it may still end.
      await this.#run("umount", "--lazy", `/node/var/lib/${volume}`);
      await this.#run("rmdir", `/node/var/lib/${volume}`);
      await kubectl("delete", "persistentvolume", volume, "--wait=false");
    }
    await kubectl("delete", "namespace", this.#own, "--wait=false");
  }

  readonly #run = (...argv: readonly string[]): Promise<string> =>
    kubectl("--namespace", this.#own, "exec", "node", "--", ...argv);
}
