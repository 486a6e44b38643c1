import type * as pulumi from "@pulumi/pulumi";
import type { SecretRef } from "../../spec/index.ts";

/** Values of secrets by the name of the environment variable that a job finds each under. */
export type SecretInputs = Readonly<Record<string, pulumi.Input<string>>>;

/** A part of a specification, and the secrets that were taken out of it. */
export interface Split<T> {
  readonly spec: T;
  readonly secrets: SecretInputs;
}

/** The same name for the same owner and role, always: `RESTORABLE_PACKIT_DB_PASSWORD`. */
export const secretName = (...parts: readonly string[]): string =>
  ["restorable", ...parts]
    .join("_")
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_");

export const secretRefOf = (name: string): SecretRef => ({ kind: "env", name });

/** Names that stand for two different secrets, as `a-b` and `a_b` would. */
export const collisions = (...maps: readonly SecretInputs[]): readonly string[] => {
  const names = maps.flatMap((map) => Object.keys(map));
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
};
