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

const PREFIX = "10.214";
const NAME = "restorable1";
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

/** Boots a cluster that ends with this process. Throws with what to do where that is not possible. */
export async function startCluster(programs: string, images: string): Promise<Cluster> {
  if (process.getuid?.() !== 0) throw new Error("a Kubernetes node of our own needs root: run this as root");
  if (PROGRAMS.some((name) => onPath(name).length === 0)) await install(PACKAGES);
  const state = path.join(clusterFolder(), "state");
  const args = [state, NAME, PREFIX, programs, images];
  const { stop } = await startWatchdog(path.join(import.meta.dirname, "node.sh"), args, "a Kubernetes cluster");
  return {
    kubeconfig: path.join(state, "run/pki/admin.conf"),
    kubectl: path.join(programs, "kubectl"),
    hostAddress: `${PREFIX}.0.1`,
    state,
    stop,
  };
}
