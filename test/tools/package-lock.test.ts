import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { checkout } from "../support/tools.ts";

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The folders in which Node would look for a package from inside `folder`, nearest first. */
function lookups(folder: string): readonly string[] {
  const cut = folder.lastIndexOf("/node_modules/");
  if (folder === "") return [""];
  return [`${folder}/`, ...lookups(cut < 0 ? "" : folder.slice(0, cut))];
}

describe("package-lock.json", () => {
  const lock = readFile(path.join(checkout, "package-lock.json"), "utf8").then((text) => JSON.parse(text));

  // npm 11 refuses to install from a lock that lacks another platform's packages, which npm leaves out when the
  // registry at hand has none of them.
  test("holds every dependency of every package, those of other platforms too", async () => {
    const packages: Record<string, LockedPackage> = (await lock).packages;
    const missing = Object.entries(packages).flatMap(([folder, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !lookups(folder).some((place) => packages[`${place}node_modules/${name}`]))
        .map((name) => `${name} of ${folder || "this package"}`),
    );
    expect(missing).toEqual([]);
  });

  test("names no registry", async () => {
    expect(JSON.stringify(await lock)).not.toContain('"resolved"');
  });
});
