import { Agent, request } from "node:https";
import { text as textOf } from "node:stream/consumers";
import type { Access } from "./access.ts";

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Record<string, string>;
  } & Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** What the API server refused, in its own words. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const MANAGER = "pulumi-kubernetes-stand-in";

/** An API server. */
export class Api {
  readonly #access: Access;
  readonly #agent: Agent;
  readonly #resources = new Map<string, Promise<readonly { kind: string; name: string; namespaced: boolean }[]>>();

  constructor(access: Access) {
    this.#access = access;
    this.#agent = new Agent({ ...access.tls, keepAlive: true });
  }

  /** Undefined where there is none. */
  async get(object: KubeObject): Promise<KubeObject | undefined> {
    try {
      return await this.#call("GET", await this.#path(object));
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Server-side apply. */
  async apply(object: KubeObject): Promise<KubeObject> {
    const path = `${await this.#path(object)}?fieldManager=${MANAGER}&fieldValidation=Strict&force=true`;
    return this.#call("PATCH", path, object);
  }

  async remove(object: KubeObject): Promise<void> {
    const options = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Foreground" };
    await this.#call("DELETE", await this.#path(object), options).catch((error: unknown) => {
      if (!(error instanceof Refused && error.status === 404)) throw error;
    });
  }

  /** What is below an object's namespace: the pods of a selector, one storage class. */
  list(path: string): Promise<KubeObject> {
    return this.#call("GET", path);
  }

  async #path({ apiVersion, kind, metadata }: KubeObject): Promise<string> {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const known = this.#resources.get(root) ?? this.#discover(root);
    this.#resources.set(root, known);
    const found = (await known).find((resource) => resource.kind === kind && !resource.name.includes("/"));
    if (!found) throw new Error(`the cluster has no ${kind} in ${apiVersion}`);
    const { namespace = this.#access.namespace, name } = metadata;
    return `${root}${found.namespaced ? `/namespaces/${namespace}` : ""}/${found.name}/${name}`;
  }

  async #discover(root: string) {
    const { resources } = (await this.#call("GET", root)) as unknown as {
      resources: { kind: string; name: string; namespaced: boolean }[];
    };
    return resources;
  }

  async #call(method: string, path: string, body?: object): Promise<KubeObject> {
    const url = new URL(path, this.#access.server);
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      Accept: "application/json",
      // Node says it by itself, but not for a DELETE; the server would take the body for the next request.
      "Content-Length": Buffer.byteLength(text),
      "Content-Type": method === "PATCH" ? "application/apply-patch+yaml" : "application/json",
    };
    const options = { method, headers, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const sent = request(url, options, async (response) => {
        const answer = await textOf(response);
        const { warning } = response.headers;
        // What we declare has to be flawless: a mere warning fails the update, too.
        if (warning !== undefined) return reject(new Error(`the API server warns of ${path}: ${warning}`));
        if ((response.statusCode ?? 500) < 400) return resolve(JSON.parse(answer));
        reject(new Refused(response.statusCode ?? 500, messageOf(answer)));
      });
      sent.on("error", reject);
      sent.end(text);
    });
  }
}

const messageOf = (answer: string): string => {
  try {
    return JSON.parse(answer).message ?? answer;
  } catch {
    return answer;
  }
};
