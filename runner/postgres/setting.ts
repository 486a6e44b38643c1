import { quoteIdentifier, quoteLiteral } from "./identifier.ts";

/** Settings whose stored value is a list that is quoted already; quoting it once more would make one name of it. */
const LISTS = new Set([
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);

/** `name TO value`, as it follows SET in ALTER DATABASE and ALTER ROLE. */
export const settingClause = (name: string, value: string): string => {
  const literals = LISTS.has(name.toLowerCase()) ? splitList(value).map(quoteLiteral) : [quoteLiteral(value)];
  return `${quoteIdentifier(name)} TO ${literals.join(", ") || "''"}`;
};

/** The elements of a stored list: bare or in double quotes, separated by commas. */
const splitList = (value: string): readonly string[] =>
  [...value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,"\s][^,]*))\s*(?:,|$)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? (bare ?? "").trim(),
  );
