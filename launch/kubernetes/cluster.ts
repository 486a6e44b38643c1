import type {
  AppsV1Api,
  BatchV1Api,
  ConfigurationOptions,
  CoreV1Api,
  KubeConfig,
  ObservableMiddleware,
} from "@kubernetes/client-node";
import { JobError, type KubernetesTarget, type SecretRef } from "../../spec/index.ts";
import { secretReader } from "../read-secret.ts";
import type { Secrets } from "../run-job.ts";

type PatchOptions = ConfigurationOptions<ObservableMiddleware>;

/** A namespace of a cluster; nothing is contacted yet. */
export interface Cluster {
  readonly namespace: string;
  /** For people: which namespace of which cluster. */
  readonly text: string;
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
  readonly batch: BatchV1Api;
  readonly apps: AppsV1Api;
  /** How a patch is meant: only what it names is changed; or a list of changes, all or none. */
  readonly patch: { readonly merge: PatchOptions; readonly json: PatchOptions };
}

/** How managers of fields and annotations call what a launcher does. */
export const MANAGER = "restorable";

/**
 * The cluster that a target names, by its kubeconfig; without one, the one that `kubectl` would use.
 * @throws JobError `bad-config`, `missing-secret`
 */
export const connectCluster = async (target: KubernetesTarget, secrets: Secrets): Promise<Cluster> => {
  // It takes a second to load, which no other target has to wait for.
  const client = await import("@kubernetes/client-node");
  const config = new client.KubeConfig();
  load(config, target.kubeconfig, secrets);
  if (target.context !== undefined) use(config, target.context);
  const context = config.getCurrentContext();
  if (!config.getCurrentCluster()) {
    throw new JobError(
      "bad-config",
      context ? `the kubeconfig has no cluster for its context '${context}'` : "no kubeconfig names a cluster",
      "set KUBECONFIG, or the target's kubeconfig and context, as for kubectl",
    );
  }
  reuseConnections(config);
  const type = (value: string) => client.setHeaderOptions("Content-Type", value);
  return {
    namespace: target.namespace,
    text: `namespace '${target.namespace}' (context '${context}')`,
    config,
    core: config.makeApiClient(client.CoreV1Api),
    batch: config.makeApiClient(client.BatchV1Api),
    apps: config.makeApiClient(client.AppsV1Api),
    patch: { merge: type(client.PatchStrategy.MergePatch), json: type(client.PatchStrategy.JsonPatch) },
  };
};

/** Milliseconds that connections are used again: after that, a certificate that a login program has renewed counts. */
const REUSED = 60_000;

/**
 * The client library makes a pool of connections for every request, and so a TLS handshake: a launcher that watches a pod
 * makes thousands, which cost it, and the API server, more than all that they ask.
 */
const reuseConnections = (config: KubeConfig): void => {
  const authenticate = config.applySecurityAuthentication.bind(config);
  let kept: { readonly pool: ReturnType<Context["getDispatcher"]>; readonly since: number } | undefined;
  config.applySecurityAuthentication = async (context) => {
    await authenticate(context);
    const now = performance.now();
    if (kept === undefined || now - kept.since > REUSED) kept = { pool: context.getDispatcher(), since: now };
    if (kept.pool) context.setDispatcher(kept.pool);
  };
};
type Context = Parameters<KubeConfig["applySecurityAuthentication"]>[0];

const load = (config: KubeConfig, kubeconfig: SecretRef | undefined, secrets: Secrets): void => {
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else if (kubeconfig.kind === "file") config.loadFromFile(kubeconfig.path);
    else config.loadFromString(secretReader(secrets)(kubeconfig));
  } catch (cause) {
    if (cause instanceof JobError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const fact = `the kubeconfig cannot be read: ${reason.split("\n")[0]}`;
    throw new JobError("bad-config", fact, "`kubectl config view` shows what it holds; nothing was touched", { cause });
  }
};

const use = (config: KubeConfig, context: string): void => {
  const known = config.getContexts().map(({ name }) => name);
  if (known.includes(context)) {
    config.setCurrentContext(context);
    return;
  }
  throw new JobError(
    "bad-config",
    `the kubeconfig has no context '${context}'; it has ${known.join(", ") || "none"}`,
    "correct the target's context; nothing was touched",
  );
};
