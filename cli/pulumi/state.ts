import { specialSecretSig, specialSigKey } from "@pulumi/pulumi/runtime/rpc.js";
import type { StateResource } from "./stacks.ts";

/** Resources of an exported deployment, with their secrets in clear where they were exported so. */
export const stateResources = (deployment: unknown): StateResource[] => {
  const { resources } = (deployment ?? {}) as { resources?: readonly RawResource[] };
  return (resources ?? []).map(({ urn, type, outputs }) => ({
    urn,
    type,
    outputs: (revealed(outputs) ?? {}) as Record<string, unknown>,
  }));
};

interface RawResource {
  readonly urn: string;
  readonly type: string;
  readonly outputs?: unknown;
}

const revealed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(revealed);
  if (value === null || typeof value !== "object") return value;
  const members = value as Record<string, unknown>;
  if (members[specialSigKey] === specialSecretSig) {
    return typeof members.plaintext === "string" ? revealed(JSON.parse(members.plaintext)) : undefined;
  }
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, revealed(member)]));
};
