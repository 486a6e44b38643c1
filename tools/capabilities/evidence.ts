import type { Report } from "../test/report.ts";
import type { Capability } from "./ledger.ts";

/** One stored run of one tier of tests. */
export interface Run {
  readonly tier: string;
  readonly report: Report;
}

/** A test that claims an id. */
export interface Evidence {
  readonly tier: string;
  readonly title: string;
  readonly status: "passed" | "failed" | "skipped";
  /** The real parts that its `describe` titles name. */
  readonly parts: readonly string[];
}

export interface Standing extends Capability {
  /** A test that passed claims it, and no test that failed does. */
  readonly proven: boolean;
  readonly tests: readonly Evidence[];
  /** The parts of the tests that passed. */
  readonly parts: readonly string[];
}

const CLAIM = /\[([a-z]+\.[0-9]+)\]/g;
const PARTS = / · ([^·]+)$/;

/** Where each capability stands. Throws when a test claims an id that the ledger does not hold. */
export function standings(ledger: readonly Capability[], runs: readonly Run[]): readonly Standing[] {
  const evidence = Map.groupBy(runs.flatMap(claims), ({ id }) => id);
  const known = new Set(ledger.map(({ id }) => id));
  for (const [id, [first]] of evidence) {
    if (!known.has(id))
      throw new Error(`a test claims ${id}, which docs/capabilities.md does not hold: ${first?.title}`);
  }
  return ledger.map((capability) => {
    const tests = (evidence.get(capability.id) ?? []).map(({ id: _, ...test }) => test);
    const passed = tests.filter(({ status }) => status === "passed");
    return {
      ...capability,
      proven: passed.length > 0 && !tests.some(({ status }) => status === "failed"),
      tests,
      parts: [...new Set(passed.flatMap(({ parts }) => parts))].sort(),
    };
  });
}

function claims({ tier, report }: Run): readonly (Evidence & { readonly id: string })[] {
  return report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .flatMap(({ ancestorTitles, title, status }) => {
      const full = [...ancestorTitles, title].join(" › ");
      const ids = new Set([...full.matchAll(CLAIM)].map(([, id = ""]) => id));
      const parts = ancestorTitles.flatMap((ancestor) => PARTS.exec(ancestor)?.[1]?.split(",") ?? []);
      const result = status === "passed" || status === "failed" ? status : "skipped";
      const test = { tier, title: full, status: result, parts: parts.map((part) => part.trim()) } as const;
      return [...ids].map((id) => ({ id, ...test }));
    });
}
