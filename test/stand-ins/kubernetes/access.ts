import { readFileSync } from "node:fs";

/** How an API server is reached. */
export interface Access {
  readonly server: string;
  /** Of objects that name none. */
  readonly namespace: string;
  readonly tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
}

interface Named {
  readonly name: string;
}

interface Kubeconfig {
  readonly "current-context": string;
  readonly contexts: readonly (Named & { context: { cluster: string; user: string; namespace?: string } })[];
  readonly clusters: readonly (Named & { cluster: { server: string; "certificate-authority-data": string } })[];
  readonly users: readonly (Named & { user: { "client-certificate-data": string; "client-key-data": string } })[];
}

/**
 * Reads a kubeconfig: a text, a file's path, or $KUBECONFIG. Only as this project's cluster of tests has it: in JSON, with
 * certificates in it. The client library knows all others, and takes half a second of each provider's start.
 */
export const accessOf = (kubeconfig: string | undefined, context: string | undefined): Access => {
  const given = kubeconfig || (process.env.KUBECONFIG ?? "");
  const config = JSON.parse(given.startsWith("{") ? given : readFileSync(given, "utf8")) as Kubeconfig;
  const chosen = named(config.contexts, context || config["current-context"]).context;
  const { cluster } = named(config.clusters, chosen.cluster);
  const { user } = named(config.users, chosen.user);
  return {
    server: cluster.server,
    namespace: chosen.namespace ?? "default",
    tls: {
      ca: decoded(cluster["certificate-authority-data"]),
      cert: decoded(user["client-certificate-data"]),
      key: decoded(user["client-key-data"]),
    },
  };
};

const decoded = (text: string): Buffer => Buffer.from(text, "base64");

const named = <T extends Named>(all: readonly T[], name: string): T => {
  const found = all.find((each) => each.name === name);
  if (!found) throw new Error(`the kubeconfig has no '${name}'`);
  return found;
};
