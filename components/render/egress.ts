import { z } from "zod";
import { type KubernetesTarget, type Location, type Plan, placesOf, type Source } from "../../spec/index.ts";

/** One thing that a pod may open connections to. */
interface Peer {
  /** A name or an address. @default anything */
  readonly host?: string;
  readonly port: number;
}

export interface Port {
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
}

/** A rule of a NetworkPolicy, as Kubernetes takes it; without `to` any address will do. */
export interface EgressRule {
  readonly to?: object[];
  readonly ports: Port[];
}

/** What pods of a namespace connect to. */
export interface Reached extends Pick<Plan, "sources" | "repository" | "copyOf"> {
  readonly target: Pick<KubernetesTarget, "namespace">;
}

/** Wherever the cluster's name server is: on a node, as a service, in a namespace of the provider's. */
const NAMES: EgressRule = {
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};

/**
 * What the pods of a plan's runs may reach: names, its databases, its stores. A service of the cluster is limited to its
 * namespace, an address to itself; of any other name only the port is known, because policies do not know names.
 */
export const egress = (plan: Reached): EgressRule[] => {
  const rules = [...plan.sources.flatMap(ofSource), ...placesOf(plan).flatMap(ofLocation)].map(({ host, port }) =>
    rule(host === undefined ? undefined : destination(host, plan.target.namespace), port),
  );
  const texts = [NAMES, ...rules].map((each) => JSON.stringify(each));
  return [...new Set(texts)].map((text) => JSON.parse(text) as EgressRule);
};

const rule = (to: object | undefined, port: number): EgressRule => ({
  ...(to ? { to: [to] } : {}),
  ports: [{ protocol: "TCP", port }],
});

const ofSource = (source: Source): readonly Peer[] => {
  switch (source.kind) {
    case "postgres":
      return [{ host: source.host, port: source.port }];
    case "objects":
      return [store(source.endpoint)];
    case "files":
      return [];
  }
};

const ofLocation = (location: Location): readonly Peer[] => (location.kind === "s3" ? [store(location.endpoint)] : []);

/** Without an endpoint it is Amazon's, at addresses that change. */
const store = (endpoint: string | undefined): Peer => {
  if (endpoint === undefined) return { port: 443 };
  const { protocol, hostname, port } = new URL(endpoint);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (protocol === "http:" ? 80 : 443)) };
};

const destination = (host: string, own: string): object | undefined => {
  if (z.ipv4().safeParse(host).success) return { ipBlock: { cidr: `${host}/32` } };
  if (z.ipv6().safeParse(host).success) return { ipBlock: { cidr: `${host}/128` } };
  const [, namespace = own] = /^[a-z0-9-]+(?:\.([a-z0-9-]+)\.svc(?:\..+)?)?$/.exec(host) ?? [undefined, ""];
  return namespace === ""
    ? undefined
    : { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } };
};
