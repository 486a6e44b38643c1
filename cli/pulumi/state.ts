import type { StateResource } from "./stacks.ts";

/** How Pulumi marks a secret in its state. Its package has the same names, and takes a third of a second to load. */
export const [SIGNATURE, SECRET] = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"] as const;

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
  if (members[SIGNATURE] === SECRET) {
    return typeof members.plaintext === "string" ? revealed(JSON.parse(members.plaintext)) : undefined;
  }
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, revealed(member)]));
};
