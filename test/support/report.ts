import type { Report } from "../../tools/test/report.ts";

type Status = Report["testResults"][number]["assertionResults"][number]["status"];

/** `describe` titles and title joined by ` › `, how it ended, and why it was skipped. */
export type Outcome = readonly [title: string, status: Status, skipReason?: string];

/** A stored run of one file. */
export function reportOf(...tests: Outcome[]): Report {
  const assertionResults = tests.map(([title, status, skipReason]) => ({
    ancestorTitles: title.split(" › ").slice(0, -1),
    title: title.split(" › ").at(-1) ?? "",
    status,
    meta: skipReason === undefined ? {} : { skipReason },
  }));
  const status = tests.some(([, outcome]) => outcome === "failed") ? "failed" : "passed";
  return { startTime: 0, testResults: [{ name: "a.test.ts", status, assertionResults }] };
}
