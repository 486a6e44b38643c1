import { readFileSync } from "node:fs";
import path from "node:path";
import { execaSync } from "execa";
import { describe, expect, it } from "vitest";
import { checkout } from "../support/tools.ts";

const TEXT = /\.(ts|md|sh|json|ya?ml|cjs|mod|txt)$|(^|\/)(run|Dockerfile|LICENSE|\.[a-z]+ignore)$/;
const SOURCES = /^(spec|components|runner|launch|cli)\/.*\.ts$/;

/** Every committed text file; one that was just deleted is left out. */
const files = execaSync("git", ["ls-files", "-z", "--deduplicate", "--", "."], { cwd: checkout })
  .stdout.split("\0")
  .filter((file) => TEXT.test(file))
  .flatMap((file) => {
    try {
      return [{ file, text: readFileSync(path.join(checkout, file), "utf8") }];
    } catch {
      return [];
    }
  });

// Written in two halves, so that this file does not find itself.
const HOSTS = [
  ["deb.", "debian.org"],
  ["security.", "debian.org"],
  ["snapshot.", "debian.org"],
  ["registry.", "npmjs"],
  ["registry.", "yarnpkg"],
  ["proxy.", "golang.org"],
  ["sum.", "golang.org"],
  ["pypi", ".org"],
  ["files.", "pythonhosted"],
  ["registry-1.", "docker.io"],
];

describe("the repository", () => {
  it("is read by these tests", () => {
    expect(files.length).toBeGreaterThan(200);
  });

  // AIDE's own container has its application below /home/aide/, everywhere.
  it.each([
    ["a path of one machine", /(^|[\s"'`(=:])\/(work|root|home)\/(?!aide\/)[\w.]/m],
    ["a neighbour of the checkout", new RegExp(`(\\.\\./|\\b)${"shared"}/[\\w-]+\\.md|\\.${"library"}\\b`)],
    ["a package registry's host", new RegExp(HOSTS.map((halves) => halves.join("").replaceAll(".", "\\.")).join("|"))],
    ["a test that keeps others from running", new RegExp(`\\b(it|test|describe)\\.${"only"}\\b`)],
  ])("no file names %s", (_what, pattern) => {
    expect(files.filter(({ text }) => pattern.test(text)).map(({ file }) => file)).toEqual([]);
  });

  it("no source is longer than 250 lines", () => {
    const long = files.filter(({ file, text }) => SOURCES.test(file) && text.split("\n").length > 251);
    expect(long.map(({ file }) => file)).toEqual([]);
  });

  it("package.json names exact versions, and the lock file holds those", () => {
    const { dependencies, devDependencies, name, version, engines } = readJson("package.json");
    const lock = readJson("package-lock.json").packages;
    expect(lock[""]).toMatchObject({ name, version, engines, dependencies, devDependencies });
    const installed = { ...dependencies, ...devDependencies } as Record<string, string>;
    for (const [dependency, wanted] of Object.entries(installed)) {
      expect(wanted, dependency).toMatch(/^\d+\.\d+\.\d+$/);
      expect(lock[`node_modules/${dependency}`]?.version, dependency).toBe(wanted);
    }
  });
});

const readJson = (file: string) => JSON.parse(readFileSync(path.join(checkout, file), "utf8"));
