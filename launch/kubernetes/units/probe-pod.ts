import { Writable } from "node:stream";
import type { V1Pod, V1Status } from "@kubernetes/client-node";
import type { Probe } from "../../../spec/index.ts";
import { probeText } from "../../restore/units.ts";
import type { ProgramEnd } from "../../run-program.ts";
import type { Cluster } from "../cluster.ts";
import { errorText } from "../cluster-error.ts";
import { podsOf, readWorkload } from "./workload.ts";

type PodProbe = Extract<Probe, { kind: "pod" }>;

/** Characters of what a program printed that are told. */
const KEPT = 1_000;

/** Runs a program once in a ready pod of a workload, without a shell. Never rejects. */
export const probePod = async (
  connect: () => Promise<Cluster>,
  probe: PodProbe,
  seconds: number,
): Promise<ProgramEnd> => {
  const what = probeText(probe);
  try {
    const cluster = await connect();
    const pod = (await podsOf(cluster, probe, await readWorkload(cluster, probe))).find(isReady);
    if (!pod) return { ok: false, text: `${what} was not run: no pod is ready` };
    return { ...(await exec(cluster, pod, probe, seconds, what)) };
  } catch (error) {
    return { ok: false, text: `${what} could not be run: ${errorText(error)}` };
  }
};

const isReady = ({ status }: V1Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;

const exec = async (
  { config, namespace }: Cluster,
  { metadata, spec }: V1Pod,
  { argv, container = spec?.containers[0]?.name ?? "" }: PodProbe,
  seconds: number,
  what: string,
): Promise<ProgramEnd> => {
  const { Exec } = await import("@kubernetes/client-node");
  let said = "";
  const printed = () =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        said = `${said}${chunk}`.slice(-KEPT);
        done();
      },
    });
  const end = (ok: boolean, how: string): ProgramEnd => {
    const text = said.trim().replace(/\s*\n\s*/g, " | ");
    return { ok, text: `${what} ${how}${text === "" ? "" : `: ${text}`}` };
  };
  const client = new Exec(config);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(end(false, `did not end in ${seconds} s`)), seconds * 1000);
    const onStatus = ({ status, message = "" }: V1Status) => {
      clearTimeout(timer);
      resolve(status === "Success" ? end(true, "succeeded") : end(false, `failed (${message})`));
    };
    client
      .exec(namespace, metadata?.name ?? "", container, [...argv], printed(), printed(), null, false, onStatus)
      .catch((error: { readonly message?: string }) => {
        clearTimeout(timer);
        reject(new Error(error.message ?? "the connection was refused"));
      });
  });
};
