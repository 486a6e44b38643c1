// Stand-in for the `docker` provider 5.2.0, which cannot be had without the open internet; only tests use it. It applies
// the inputs of Container, Volume and Network to the real engine at the provider's host, refuses inputs that it does
// not know, and replaces where the official one does. A container that could not be started is taken away.
import * as provider from "@pulumi/pulumi/provider/index.js";
import { unwrap } from "../../../tools/offline/command-inputs.ts";
import { leaveWithEngine } from "../../../tools/offline/leave-with-engine.ts";
import { configured } from "../configured.ts";
import { containers } from "./container.ts";
import { engineAt } from "./engine.ts";
import type { Kind, Properties } from "./kind.ts";
import { networks, volumes } from "./volume.ts";

const KINDS: Readonly<Record<string, Kind>> = {
  "docker:index/container:Container": containers,
  "docker:index/volume:Volume": volumes,
  "docker:index/network:Network": networks,
};

const configuration = configured("docker");
const engine = () => engineAt(configuration("host"));

const typeOf = (urn: string) => urn.split("::")[2]?.split("$").at(-1) ?? "";
const kindOf = (urn: string): Kind => {
  const kind = KINDS[typeOf(urn)];
  if (!kind) throw new Error(`this stand-in of the docker provider does not know ${typeOf(urn)}`);
  return kind;
};
const plain = (properties: Properties) => unwrap(properties) as Properties;
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  ) ?? "undefined";

const docker: provider.Provider = {
  version: "5.2.0",
  schema: "{}",
  check: async (urn, _olds, news) => {
    const { known } = kindOf(urn);
    const unknown = Object.keys(news).filter((name) => !known.includes(name) && !name.startsWith("__"));
    const failures = unknown.map((property) => ({ property, reason: "this stand-in does not know it" }));
    return { inputs: news, failures };
  },
  diff: async (_id, urn, olds, news) => {
    const { known, updated } = kindOf(urn);
    const [before, after] = [plain(olds), plain(news)];
    const changed = known.filter((name) => canonical(before[name]) !== canonical(after[name]));
    return { changes: changed.length > 0, replaces: changed.filter((name) => !updated.includes(name)) };
  },
  create: async (urn, news) => {
    const id = await kindOf(urn).create(engine(), plain(news));
    return { id, outs: news };
  },
  update: async (_id, _urn, _olds, news) => ({ outs: news }),
  // As the official one: what is gone, or should run and does not, has to be made again.
  read: async (id, urn, props) => {
    const isThere = await kindOf(urn).isThere(engine(), id, plain(props ?? {}));
    return isThere ? { id, props } : { id: "", props: {} };
  },
  delete: async (id, urn, properties) => kindOf(urn).remove(engine(), id, plain(properties)),
};

leaveWithEngine();
await provider.main(docker, process.argv.slice(2));
