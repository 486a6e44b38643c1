// What a `command:local:Command` is given, as the engine sends it to a provider.

/** The key that marks a wrapped value in the engine's JSON, and the mark of a secret. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

export interface CommandInputs {
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly dir?: string;
  readonly interpreter?: readonly string[];
  readonly triggers?: readonly unknown[];
  readonly logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
  readonly addPreviousOutputInEnv?: boolean;
}

/** What the state keeps beside the inputs. */
export interface CommandOutputs {
  readonly stdout: string;
  readonly stderr: string;
}

const INPUTS = [
  ...(["create", "update", "delete", "environment", "stdin", "dir", "interpreter"] as const),
  ...(["triggers", "logging", "addPreviousOutputInEnv"] as const),
];

/** Inputs of the official provider that this stand-in refuses rather than ignores. */
export const UNSUPPORTED = ["archivePaths", "assetPaths"] as const;

/** The inputs among a resource's properties, secrets unwrapped. */
export function commandInputs(properties: Readonly<Record<string, unknown>>): CommandInputs {
  const given = INPUTS.filter((name) => properties[name] !== undefined && properties[name] !== null);
  return Object.fromEntries(given.map((name) => [name, unwrap(properties[name])]));
}

/** The inputs whose values differ. */
export function changedInputs(before: CommandInputs, after: CommandInputs): readonly string[] {
  return INPUTS.filter((name) => canonical(before[name]) !== canonical(after[name]));
}

export function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value && "value" in value) return unwrap(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
}

// The engine does not keep the order of an object's keys.
const canonical = (value: unknown) =>
  JSON.stringify(value, (_key, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
