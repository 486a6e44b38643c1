/**
 * Exactly one of some keys: `{ create: … }` or `{ existing: … }`, never both and never none. Two keys at once do not
 * compile, and the same shape survives in other languages.
 */
export type ExclusiveUnion<T extends object> = {
  [K in keyof T]: { readonly [P in K]: T[P] } & { readonly [P in Exclude<keyof T, K>]?: undefined };
}[keyof T];

/** A choice that has nothing more to say: `{ none: {} }`. */
export type Empty = Readonly<Record<string, never>>;
