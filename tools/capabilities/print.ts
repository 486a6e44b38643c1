import type { Standing } from "./evidence.ts";

const MARKS = { passed: "✓", failed: "×", skipped: "↓" } as const;

/** The closing line. */
export function closingLine(standings: readonly Standing[]): string {
  return `proven ${standings.filter(({ proven }) => proven).length} of ${standings.length}`;
}

/** One paragraph per capability: id, where it stands, and the tests that say so with their parts. */
export function asText(standings: readonly Standing[]): string {
  const paragraphs = standings.map(({ id, description, proven, tests, parts }) =>
    [
      `${id.padEnd(12)} ${proven ? "proven    " : "not proven"}  ${description}`,
      ...tests.map(({ status, tier, title }) => `    ${MARKS[status]} ${tier}: ${title}`),
      ...(parts.length > 0 ? [`    on ${parts.join(", ")}`] : []),
    ].join("\n"),
  );
  return [...paragraphs, closingLine(standings)].join("\n");
}

/** The same as JSON. */
export function asJson(standings: readonly Standing[]): string {
  const proven = standings.filter((standing) => standing.proven).length;
  return JSON.stringify({ proven, total: standings.length, capabilities: standings }, null, 2);
}
