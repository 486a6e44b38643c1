// A stand-in for the `aws` provider 7.48.0, for tests only: it receives exactly what the real one would, and applies it
// to a real Ceph RGW, so that an engine's `up` shows whether what is declared works. What RGW cannot do is written down
// and said, never passed over in silence.
import { appendFileSync } from "node:fs";
import * as provider from "@pulumi/pulumi/provider/index.js";
import { unwrap } from "../../../../tools/offline/command-inputs.ts";
import { engineStatus } from "../../../../tools/offline/engine-log.ts";
import { leaveWithEngine } from "../../../../tools/offline/leave-with-engine.ts";
import { type Applied, type Inputs, kindOf } from "./kinds.ts";

const args = process.argv.slice(2);
const status = engineStatus(args.find((argument) => !argument.startsWith("-")));

const typeOf = (urn: string) => urn.split("::")[2]?.split("$").at(-1) ?? "";
const nameOf = (urn: string) => urn.split("::").at(-1) ?? "";

/** Says what RGW was not asked to do, and keeps it for the test. */
function leftOut(urn: string, reason: string): void {
  status(urn, `left out by the stand-in: ${reason}`);
  const file = process.env.AWS_STAND_IN_RECORD;
  if (file) appendFileSync(file, `${JSON.stringify({ type: typeOf(urn), name: nameOf(urn), reason })}\n`);
}

async function apply(urn: string, news: Inputs, id?: string): Promise<Applied> {
  const kind = kindOf(typeOf(urn));
  if ("cannot" in kind) {
    leftOut(urn, kind.cannot);
    return { id: id ?? nameOf(urn), outs: {} };
  }
  return kind.apply(unwrap(news) as Inputs, id);
}

const aws: provider.Provider = {
  version: "7.48.0",
  schema: "{}",
  check: async (urn, olds, news) => {
    const kind = kindOf(typeOf(urn));
    const unknown = Object.keys(news).filter((name) => !name.startsWith("__") && !kind.inputs.includes(name));
    const failures = unknown.map((property) => ({ property, reason: `${typeOf(urn)} has no input ${property}` }));
    return { inputs: kind.named?.(nameOf(urn), olds ?? {}, news) ?? news, failures };
  },
  diff: async (_id, urn, olds, news) => {
    const { inputs, replaces = [] } = kindOf(typeOf(urn));
    const changed = inputs.filter((name) => canonical(olds[name]) !== canonical(news[name]));
    return { changes: changed.length > 0, replaces: changed.filter((name) => replaces.includes(name)) };
  },
  create: async (urn, news) => {
    const { id, outs } = await apply(urn, news);
    return { id, outs: { ...news, ...outs } };
  },
  update: async (id, urn, _olds, news) => ({ outs: { ...news, ...(await apply(urn, news, id)).outs } }),
  delete: async (id, urn, olds) => {
    const kind = kindOf(typeOf(urn));
    if ("cannot" in kind) return;
    if (!kind.remove) throw new Error(`${urn} should have been kept`);
    await kind.remove(id, unwrap(olds) as Inputs);
  },
};

const canonical = (value: unknown): string =>
  JSON.stringify(unwrap(value), (_key, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  ) ?? "";

leaveWithEngine();
await provider.main(aws, args);
