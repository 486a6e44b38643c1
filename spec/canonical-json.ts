/**
 * One text per value: keys sorted, no white space. What is signed, compared and used as a trigger.
 * @throws TypeError for what JSON cannot say (a Date, a Map, NaN, undefined): two of them would get one text
 */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value));

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return plain(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError(`not JSON: ${String(value)}`);
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, sorted(member)]));
};

const plain = (value: unknown): unknown => {
  const isJson = value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value);
  if (!isJson) throw new TypeError(`not JSON: ${String(value)}`);
  return value;
};
