import { mkdirSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { install, onPath } from "../docker/programs.ts";
import { cacheFolder, startWatchdog } from "../tier/watchdog.ts";

/** A cluster of one node to test on. */
export interface Cluster {
  /** The administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly kubectl: string;
  /** This machine, as pods reach it. */
  readonly hostAddress: string;
  /** The folder of its node, for restart-node.sh. */
  readonly state: string;
  /** Ends it and takes everything away. */
  stop(): Promise<void>;
}

/** What a node takes of this machine. */
export interface Place {
  /** Of its network cable and its control group. */
  readonly name: string;
  /** The first two bytes of every address. */
  readonly prefix: string;
}

/** Of the node that tests share. */
export const SHARED: Place = { name: "restorable1", prefix: "10.214" };
/** Of a node that one test has for itself, because it takes everything down. */
export const APART: Place = { name: "restorable2", prefix: "10.215" };

/** What a Debian machine needs beside what is built. */
const PACKAGES = ["containerd", "runc", "iptables", "ipset", "iproute2", "openssl", "util-linux"];
const PROGRAMS = ["containerd", "ctr", "runc", "iptables", "ipset", "ip", "openssl", "nsenter"];

/** Where programs and images stay between runs. */
export const clusterFolder = (): string => cacheFolder("kubernetes");

/** The folder of a node's programs, built where they are missing. */
export async function nodePrograms(): Promise<string> {
  const folder = path.join(clusterFolder(), "1.34.2");
  mkdirSync(clusterFolder(), { recursive: true });
  await execa("sh", [path.join(import.meta.dirname, "build.sh"), folder], { stdio: "inherit" });
  return folder;
}

/** Where a cluster is to be found once it is started. */
export function clusterAt({ name, prefix }: Place, programs: string): Omit<Cluster, "stop"> {
  const state = path.join(clusterFolder(), name);
  return {
    kubeconfig: path.join(state, "run/pki/admin.conf"),
    kubectl: path.join(programs, "kubectl"),
    hostAddress: `${prefix}.0.1`,
    state,
  };
}

/** How tests are told of a cluster. */
export const clusterEnvironment = ({ kubeconfig, kubectl, hostAddress, state }: Omit<Cluster, "stop">) => ({
  KUBECONFIG: kubeconfig,
  RESTORABLE_KUBECTL: kubectl,
  RESTORABLE_HOST_ADDRESS: hostAddress,
  RESTORABLE_NODE: state,
});

/** Boots a cluster that ends with this process. Throws with what to do where that is not possible. */
export async function startCluster(programs: string, images: string, place: Place): Promise<Cluster> {
  if (process.getuid?.() !== 0) throw new Error("a Kubernetes node of our own needs root: run this as root");
  if (PROGRAMS.some((name) => onPath(name).length === 0)) await install(PACKAGES);
  const cluster = clusterAt(place, programs);
  const args = [cluster.state, place.name, place.prefix, programs, images];
  const { stop } = await startWatchdog(path.join(import.meta.dirname, "node.sh"), args, "a Kubernetes cluster");
  return { ...cluster, stop };
}
