import * as pulumi from "@pulumi/pulumi";

/** Stands for a value that Pulumi knows later. A symbol, because no schema takes one by mistake. */
const PLACEHOLDER = Symbol("an Output");

export const isPlaceholder = (value: unknown): boolean => value === PLACEHOLDER;

/**
 * The same structure with a placeholder for each Output and promise in it, so that a schema can look at the rest now.
 * Components and other objects of a class stay as they are.
 */
export const withPlaceholders = (value: unknown): unknown => {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return PLACEHOLDER;
  if (Array.isArray(value)) return value.map(withPlaceholders);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withPlaceholders(member)]));
};

const isPlain = (value: unknown): value is object => {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
