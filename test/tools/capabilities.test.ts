import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { standings } from "../../tools/capabilities/evidence.ts";
import { readLedger } from "../../tools/capabilities/ledger.ts";
import { asJson, asText, closingLine } from "../../tools/capabilities/print.ts";
import { type Outcome, reportOf } from "../support/report.ts";
import { tempDir } from "../support/temp-dir.ts";
import { checkout } from "../support/tools.ts";

const ledger = readLedger("| id | what |\n|---|---|\n| core.1 | one |\n| core.2 | two |\n| core.10 | ten |\n");
const where = (...tests: Outcome[]) => standings(ledger, [{ tier: "unit", report: reportOf(...tests) }]);
const provenIds = (...tests: Outcome[]) => where(...tests).flatMap(({ id, proven }) => (proven ? [id] : []));

describe("capabilities", () => {
  test("the ledger holds the 128 ids of the five systems, core and beyond", async () => {
    const rows = readLedger(await readFile(path.join(checkout, "docs/capabilities.md"), "utf8"));
    const counts = { aide: 11, topobank: 14, colonies: 13, chipster: 15, montagu: 46, core: 15, beyond: 14 };
    const wanted = Object.entries(counts).flatMap(([name, count]) =>
      Array.from({ length: count }, (_, index) => `${name}.${index + 1}`),
    );
    expect(rows.map(({ id }) => id)).toEqual(wanted);
    expect(rows).toHaveLength(128);
    expect(rows.every(({ description }) => description.length > 10)).toBe(true);
  });

  test("an id that stands in the ledger twice is refused", () => {
    expect(() => readLedger("| core.1 | one |\n| core.1 | again |\n")).toThrow(/core\.1 twice/);
  });

  test("an id is proven by a passing test that holds it in brackets, whole", () => {
    expect(provenIds(["[core.10] ten", "passed"], ["core.2 without brackets", "passed"])).toEqual(["core.10"]);
    expect(provenIds(["[core.1] [core.2] both", "passed"])).toEqual(["core.1", "core.2"]);
    expect(provenIds(["[core.1] of the group › a test", "passed"])).toEqual(["core.1"]);
  });

  test("a failing test that holds it takes the proof away, in any tier", () => {
    expect(provenIds(["[core.1] a", "passed"], ["[core.1] b", "failed"])).toEqual([]);
    const [first] = standings(ledger, [
      { tier: "unit", report: reportOf(["[core.1] a", "passed"]) },
      { tier: "docker", report: reportOf(["[core.1] b", "failed"]) },
    ]);
    expect(first?.proven).toBe(false);
  });

  test("a skipped test proves nothing and takes nothing away", () => {
    expect(provenIds(["[core.1] a", "skipped", "no Docker"])).toEqual([]);
    expect(provenIds(["[core.1] a", "passed"], ["[core.1] b", "skipped", "no Docker"])).toEqual(["core.1"]);
  });

  test("parts are those of the passing tests' describe titles", () => {
    const [first] = where(
      ["restore · postgres 15, versitygw › deep › [core.1] a", "passed"],
      ["again · pulumi, versitygw › [core.1] b", "passed"],
      ["elsewhere · rgw › [core.1] c", "skipped", "no Docker"],
    );
    expect(first?.parts).toEqual(["postgres 15", "pulumi", "versitygw"]);
  });

  test("a claim of an id that nobody promised is an error that names the test", () => {
    expect(() => where(["[core.99] typo", "passed"])).toThrow(/core\.99.*typo/);
  });

  test("text and JSON close with the same count", () => {
    const found = where(["x · postgres › [core.2] b", "passed"], ["[core.10] c", "failed"]);
    const text = asText(found).split("\n");
    expect(text.at(-1)).toBe("proven 1 of 3");
    expect(text).toContain("core.2       proven      two");
    expect(text).toContain("    ✓ unit: x · postgres › [core.2] b");
    expect(text).toContain("    on postgres");
    expect(text).toContain("core.10      not proven  ten");
    expect(text).toContain("    × unit: [core.10] c");
    expect(closingLine(found)).toBe("proven 1 of 3");
    expect(JSON.parse(asJson(found))).toMatchObject({ proven: 1, total: 3, capabilities: found });
  });

  test("the command reads every stored tier", async () => {
    const results = path.join(await tempDir("results"), "test-results");
    const run = async (...args: string[]) =>
      (await execa(process.execPath, ["tools/capabilities/main.ts", "--results", results, ...args], { cwd: checkout }))
        .stdout;
    expect(await run()).toMatch(/\nproven 0 of 128$/);
    await mkdir(results);
    await writeFile(path.join(results, "unit.json"), JSON.stringify(reportOf(["[core.1] a", "passed"])));
    await writeFile(path.join(results, "docker.json"), JSON.stringify(reportOf(["[beyond.14] b", "passed"])));
    expect(await run()).toMatch(/\nproven 2 of 128$/);
    expect(JSON.parse(await run("--json"))).toMatchObject({ proven: 2, total: 128 });
  });
});
