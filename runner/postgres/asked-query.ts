/** A person's SELECT as it stands in a subquery. The newline ends a comment in which it may end. */
export const asSubquery = (query: string): string => `(${query.trim().replace(/;$/, "")}\n) AS asked`;
