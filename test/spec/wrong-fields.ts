/** A path in a JSON value, as an error names it. */
export interface WrongField {
  readonly path: string;
  readonly value: unknown;
  readonly expected: RegExp;
}

type Json = Record<string, unknown> | unknown[];

/**
 * Every way to get one field of a JSON value wrong: each scalar becomes an object, each array a text, each object gets a
 * key that nobody knows. Keys under which anything goes are left out.
 */
export const wrongFields = (example: Json, what: string): WrongField[] => {
  const found: WrongField[] = [];
  const visit = (value: unknown, path: readonly string[]): void => {
    const name = [what, ...path].join(".");
    if (Array.isArray(value)) {
      if (path.length > 0) found.push({ path: name, value: replace(example, path, "text"), expected: /^expected/ });
      for (const [index, item] of value.entries()) visit(item, [...path, String(index)]);
    } else if (value !== null && typeof value === "object") {
      found.push({
        path: name,
        value: replace(example, path, { ...value, surprise: 1 }),
        expected: /^unknown key 'surprise'$/,
      });
      for (const [key, member] of Object.entries(value)) visit(member, [...path, key]);
    } else {
      found.push({ path: name, value: replace(example, path, { wrong: true }), expected: /^expected/ });
    }
  };
  visit(example, []);
  return found;
};

/** A copy with one value replaced; with `undefined` it is taken out. */
export const replace = (example: unknown, path: readonly string[], value: unknown): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy = structuredClone(example) as Record<string, unknown>;
  const member = replace(copy[key], rest, value);
  if (member === undefined) delete copy[key];
  else copy[key] = member;
  return copy;
};
