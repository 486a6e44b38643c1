import { styleText } from "node:util";
import type { Check } from "../spec/index.ts";
import { type Look, table } from "./table.ts";

/** One row per check; what failed stands out without colours, too. */
export const checkTable = (io: Look, checks: readonly Check[]): string => {
  const paint = (ok: boolean) =>
    io.color ? styleText(ok ? "green" : "red", ok ? "ok" : "FAILED", { validateStream: false }) : ok ? "ok" : "FAILED";
  return table(
    [{ name: "CHECK" }, { name: "RESULT" }, { name: "DETAIL" }],
    checks.map(({ name, ok, detail }) => [name, paint(ok), detail]),
    io,
  );
};
