import type { Statement } from "../../spec/index.ts";

export interface Asked {
  /** Left out for the policy of an identity, which has no principals. */
  readonly principal?: string;
  readonly action: string;
  readonly resource: string;
  /** What the store knows of the request, such as `s3:prefix`. */
  readonly context?: Readonly<Record<string, string>>;
  /** Whether an access list lets it happen where the policy says nothing, as it does for who wrote an object. */
  readonly byAccessList?: boolean;
}

/** What a store that follows AWS's rules answers: an explicit denial, then an explicit permission, then the access list. */
export function mayHappen(statements: readonly Statement[], asked: Asked): boolean {
  const matching = statements.filter((statement) => applies(statement, asked));
  if (matching.some(({ Effect }) => Effect === "Deny")) return false;
  return matching.length > 0 || (asked.byAccessList ?? false);
}

const list = (value: readonly string[] | string | undefined): readonly string[] => [value ?? []].flat();

function applies(statement: Statement, { principal, action, resource, context = {} }: Asked): boolean {
  const { Principal, Action, Resource, NotResource, Condition = {} } = statement;
  return (
    (Principal === undefined || Principal === "*" || Principal.AWS === principal) &&
    some(list(Action), action) &&
    (NotResource ? !some(NotResource, resource) : some(list(Resource), resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) =>
        key in context ? some(list(values), context[key] as string) : operator.endsWith("IfExists"),
      ),
    )
  );
}

const some = (patterns: readonly string[], text: string): boolean => patterns.some((pattern) => like(pattern, text));

const like = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^$(){}|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "s",
  ).test(text);
