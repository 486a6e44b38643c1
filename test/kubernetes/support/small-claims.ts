import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { apply, kubectl } from "./kubectl.ts";

/**
 * Claims of a namespace whose volumes really are as small as they say: the cluster's own provisioner makes directories
 * of the node's disk, which no size limits. A stand-in for a volume of a cloud: a tmpfs on the node, mounted by a
 * privileged pod in a namespace of its own.
 */
export class SmallClaims {
  readonly #namespace: string;
  readonly #volumes: readonly string[];

  private constructor(namespace: string, volumes: readonly string[]) {
    this.#namespace = namespace;
    this.#volumes = volumes;
  }

  /** Makes a claim for each name, with so many MiB. */
  static async make(namespace: string, sizes: Readonly<Record<string, number>>): Promise<SmallClaims> {
    const own = `${namespace}-node`;
    const at = (name: string) => ({ name, namespace: own });
    const folder = (name: string) => `/var/lib/${namespace}-${name}`;
    const mounts = Object.entries(sizes).map(
      ([name, size]) =>
        `mkdir /node${folder(name)} && mount -t tmpfs -o size=${size}m,mode=0777 tmpfs /node${folder(name)}`,
    );
    const made = new SmallClaims(
      own,
      Object.keys(sizes).map((name) => `${namespace}-${name}`),
    );
    await apply(
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: own, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
      },
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: at("node"),
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: "node",
              image: RUNNER_IMAGE,
              command: ["sh", "-c", `${mounts.join(" && ")} && touch /tmp/mounted && exec sleep 3600`],
              securityContext: { privileged: true, runAsUser: 0, runAsGroup: 0 },
              readinessProbe: { exec: { command: ["test", "-e", "/tmp/mounted"] }, periodSeconds: 1 },
              volumeMounts: [{ name: "lib", mountPath: "/node/var/lib", mountPropagation: "Bidirectional" }],
            },
          ],
          volumes: [{ name: "lib", hostPath: { path: "/var/lib", type: "Directory" } }],
        },
      },
    );
    await kubectl("--namespace", own, "wait", "--for=condition=Ready", "pod/node", "--timeout=120s");
    for (const [name, size] of Object.entries(sizes)) {
      const storage = `${size}Mi`;
      const metadata = { name: `${namespace}-${name}` };
      await apply(
        {
          apiVersion: "v1",
          kind: "PersistentVolume",
          metadata,
          spec: {
            capacity: { storage },
            accessModes: ["ReadWriteOnce"],
            storageClassName: "",
            persistentVolumeReclaimPolicy: "Retain",
            claimRef: { namespace, name },
            hostPath: { path: folder(name), type: "Directory" },
          },
        },
        {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name, namespace },
          spec: {
            accessModes: ["ReadWriteOnce"],
            storageClassName: "",
            volumeName: metadata.name,
            resources: { requests: { storage } },
          },
        },
      );
    }
    return made;
  }

  async close(): Promise<void> {
    for (const volume of this.#volumes) {
      // Lazily: pods that have it may still end.
      await this.#onNode("umount", "--lazy", `/node/var/lib/${volume}`);
      await this.#onNode("rmdir", `/node/var/lib/${volume}`);
      await kubectl("delete", "persistentvolume", volume, "--wait=false");
    }
    await kubectl("delete", "namespace", this.#namespace, "--wait=false");
  }

  readonly #onNode = (...argv: readonly string[]): Promise<string> =>
    kubectl("--namespace", this.#namespace, "exec", "node", "--", ...argv);
}
