// Stand-in for the `kubernetes` provider 4.34.2, which cannot be had without the open internet; only tests use it. It
// applies what it is given to the real API server, by server-side apply, with strict validation; a mere warning fails
// the update. It names, replaces and waits as the official one does.
import { randomBytes } from "node:crypto";
import * as provider from "@pulumi/pulumi/provider/index.js";
import { canonicalJson } from "../../../spec/canonical-json.ts";
import { unwrap } from "../../../tools/offline/command-inputs.ts";
import { leaveWithEngine } from "../../../tools/offline/leave-with-engine.ts";
import { configured } from "../configured.ts";
import { accessOf } from "./access.ts";
import { Api, type KubeObject } from "./api.ts";
import { ready } from "./await.ts";
import { replaces } from "./replaces.ts";

const configuration = configured("kubernetes");
let opened: Api | undefined;
const api = (): Api => {
  opened ??= new Api(accessOf(configuration("kubeconfig"), configuration("context")));
  return opened;
};
const says = (key: string) => configuration(key) === "true";
const mutable = () => ({ Secret: says("enableSecretMutable"), ConfigMap: says("enableConfigMapMutable") });

const nameOf = (urn: string) => urn.split("::").at(-1) as string;

/** What is applied: the inputs without the engine's own, secrets unwrapped. */
const objectOf = (properties: Readonly<Record<string, unknown>>): KubeObject => {
  const { __inputs, __defaults, status, ...inputs } = unwrap(properties) as Record<string, unknown>;
  return inputs as unknown as KubeObject;
};

const kubernetes: provider.Provider = {
  version: "4.34.2",
  schema: "{}",
  check: async (urn, olds, news) => {
    const { metadata = {}, ...rest } = news as { metadata?: Record<string, unknown> };
    if (metadata.name !== undefined || metadata.generateName !== undefined) return { inputs: news };
    const kept = (unwrap(olds) as { metadata?: { name?: string } } | undefined)?.metadata?.name;
    const name = kept ?? `${nameOf(urn)}-${randomBytes(4).toString("hex")}`;
    return { inputs: { ...rest, metadata: { ...metadata, name } } };
  },
  diff: async (_id, _urn, olds, news) => {
    const [before, after] = [objectOf(olds), objectOf(news)];
    const replaced = replaces(before, after, mutable());
    // Of a name that is fixed there cannot be two.
    return {
      changes: canonicalJson(before) !== canonicalJson(after),
      replaces: [...replaced],
      deleteBeforeReplace: before.metadata.name === after.metadata.name,
    };
  },
  create: async (_urn, news) => {
    const object = objectOf(news);
    if (!says("upsertExistingObjects") && (await api().get(object)))
      throw new Error(`resource "${object.kind} ${object.metadata.name}" already exists`);
    await ready(api(), await api().apply(object));
    return { id: `${object.metadata.namespace ?? ""}/${object.metadata.name}`, outs: news };
  },
  update: async (_id, _urn, _olds, news) => {
    await ready(api(), await api().apply(objectOf(news)));
    return { outs: news };
  },
  read: async (id, _urn, props) => {
    const found = await api().get(objectOf(props ?? {}));
    return found ? { id, props } : { id: "", props: {} };
  },
  delete: async (_id, _urn, properties) => {
    const object = objectOf(properties);
    await api().remove(object);
    while (await api().get(object)) await new Promise((resolve) => setTimeout(resolve, 200));
  },
};

leaveWithEngine();
await provider.main(kubernetes, process.argv.slice(2));
