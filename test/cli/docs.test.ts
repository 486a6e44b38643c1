import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../spec/index.ts";
import { restorable } from "./fake-io.ts";

const page = await readFile(path.resolve(import.meta.dirname, "../../docs/cli.md"), "utf8");

describe("docs/cli.md", () => {
  it("has every exit code with its errors", () => {
    const rows = [...page.matchAll(/^\| (\d+) \| [^|]+ \| ([^|]*) \|$/gm)].map(([, exit, codes]) => [
      Number(exit),
      codes,
    ]);
    for (const [code, { exit }] of Object.entries(ERROR_CODES)) {
      expect(rows.find(([number]) => number === exit)?.[1], code).toContain(`\`${code}\``);
    }
  });

  it("has every command and every option", async () => {
    const { out } = await restorable(["--help"]);
    const commands = [...out.matchAll(/^ {2}([a-z]+) /gm)]
      .map(([, name]) => name as string)
      .filter((name) => name !== "help");
    expect(commands.length).toBeGreaterThan(10);
    for (const command of commands) {
      expect(page).toContain(`| \`${command}`);
      const help = (await restorable([command, "--help"])).out;
      for (const [, option] of help.matchAll(/^ {2}(--[a-z-]+)/gm)) {
        expect(page, command).toContain(`\`${option}`);
      }
    }
  });
});
