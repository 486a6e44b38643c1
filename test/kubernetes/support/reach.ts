import { apply, kubectl } from "./kubectl.ts";

/** A host or an address, and a port. */
export type Place = readonly [string, number | string];

/** Where pods of `listeningPod` listen. */
export const PORT = 8080;

/** Of a pod, as a CronJob has it. */
export interface PodSpec {
  readonly volumes: readonly object[];
  readonly containers: readonly { readonly volumeMounts: readonly object[] }[];
}

const LISTEN = `require("node:net").createServer((socket) => socket.end()).listen(${PORT})`;
const CONNECT = `
  const reach = ([host, port]) => new Promise((resolve) => {
    const socket = require("node:net").connect({ host, port: Number(port), timeout: 3000 });
    const answer = (is) => () => { socket.destroy(); resolve(is); };
    socket.on("connect", answer(true)).on("error", answer(false)).on("timeout", answer(false));
  });
  Promise.all(JSON.parse(process.argv[1]).map(reach)).then((all) => console.log(JSON.stringify(all)));`;

/** A pod like another one, with labels of its own and without its volumes, that only listens. Answers with its address. */
export const listeningPod = async (
  metadata: { readonly name: string; readonly namespace: string; readonly labels: object },
  { volumes: _volumes, ...spec }: PodSpec,
): Promise<string> => {
  const containers = spec.containers.map(({ volumeMounts: _mounts, ...container }) => ({
    ...container,
    command: ["node", "--eval", LISTEN],
  }));
  await apply({ apiVersion: "v1", kind: "Pod", metadata, spec: { ...spec, containers } });
  const pod = ["--namespace", metadata.namespace, "pod", metadata.name] as const;
  await kubectl("wait", "--for=condition=Ready", ...pod, "--timeout=120s");
  return kubectl("get", ...pod, "--output", "jsonpath={.status.podIP}");
};

/** Whether a pod gets a connection to each of these. */
export const reached = async (
  { name, namespace }: { readonly name: string; readonly namespace: string },
  ...places: readonly Place[]
): Promise<readonly boolean[]> =>
  JSON.parse(
    await kubectl("--namespace", namespace, "exec", name, "--", "node", "--eval", CONNECT, JSON.stringify(places)),
  );
