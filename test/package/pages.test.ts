import { existsSync, readdirSync } from "node:fs";
import { symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { request } from "../../spec/index.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { tempDir } from "../support/temp-dir.ts";
import { checkout, tools } from "../support/tools.ts";
import { blocks, page, pages } from "./pages.ts";

/** The sources under the name of the package; what a page leaves unused is no mistake. */
const TSCONFIG = {
  extends: path.join(checkout, "tsconfig.json"),
  compilerOptions: {
    noUnusedLocals: false,
    types: ["node"],
    paths: {
      restorable: [path.join(checkout, "components/index.ts")],
      "restorable/spec": [path.join(checkout, "spec/index.ts")],
    },
  },
  include: ["*.ts"],
};

/** A stack config line and the same with each `{ … }` of its comment in the place of its value. */
const alternatives = (block: string): readonly string[] => [
  block,
  ...block.split("\n").flatMap((line) => {
    const [, key, comment] = /^( +\w+: ).*?# (.*)$/.exec(line) ?? [];
    return [...(comment?.matchAll(/\{ \w+: .*? \}|\{ \w+: \{\} \}/g) ?? [])].map(([value]) =>
      block.replace(line, `${key}${value}`),
    );
  }),
];

const RestoreConfig = z.object({ "backups:restore": z.object({ objectValue: z.unknown() }) });

describe("the pages", () => {
  it("every program in them compiles against the sources", async () => {
    const directory = await tempDir("pages");
    await symlink(path.join(checkout, "node_modules"), path.join(directory, "node_modules"));
    await writeFile(path.join(directory, "package.json"), '{ "type": "module" }');
    await writeFile(path.join(directory, "tsconfig.json"), JSON.stringify(TSCONFIG));
    const programs = pages.flatMap(({ file, text }) => blocks(text, "ts").map((block) => ({ file, block })));
    expect(programs.map(({ file }) => file)).toContain("README.md");
    for (const [index, { file, block }] of programs.entries()) {
      await writeFile(path.join(directory, `${file.replaceAll("/", "-")}-${index + 1}.ts`), `${block}\nexport {};\n`);
    }
    const tsc = path.join(checkout, "node_modules/.bin/tsc");
    const { exitCode, all } = await execa(tsc, ["--project", directory], { cwd: directory, reject: false, all: true });
    expect(exitCode, all).toBe(0);
  });

  it("every request in them is one as Pulumi reads it, with the values that its comments name", async () => {
    const yaml = pages
      .flatMap(({ text }) => blocks(text, "yaml"))
      .filter((block) => block.includes("backups:restore:"));
    const requests = yaml.flatMap(alternatives);
    expect(requests.length).toBeGreaterThan(4);
    const stack = await PulumiStack.create();
    onTestFinished(() => stack.remove());
    for (const block of requests) {
      const config = block.startsWith("config:") ? block : `config:\n${block.replace(/^/gm, "  ")}`;
      await writeFile(stack.configFile, config);
      const { stdout } = await execa(tools().pulumi, ["config", "--json", "--stack", stack.name], {
        cwd: stack.projectDirectory,
        env: stack.env,
      });
      const { objectValue } = RestoreConfig.parse(JSON.parse(stdout))["backups:restore"];
      expect(request.safeParse(objectValue).error?.issues, block).toBeUndefined();
    }
  });

  it("every link to a file of the repository leads somewhere", () => {
    const broken = pages.flatMap(({ file, text }) =>
      [...text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)]
        .filter(([, target = ""]) => !existsSync(path.resolve(checkout, path.dirname(file), target)))
        .map(([, target]) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("the source map of ARCHITECTURE.md names every folder, and only what is there", () => {
    const named = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    const rows = [...page("ARCHITECTURE.md").matchAll(/^\| (`[^|]*\/`) \|(?:[^|]|\\\|)*\|([^|]*)\|$/gm)].map(
      ([, folders, files]) => ({ folders: named(folders), files: named(files) }),
    );
    const missing = rows.flatMap(({ folders, files }) => [
      ...folders.filter((folder) => !existsSync(path.join(checkout, folder))),
      ...files.filter((file) => !folders.some((folder) => existsSync(path.join(checkout, folder, file)))),
    ]);
    expect(missing).toEqual([]);
    const mapped = rows.flatMap(({ folders }) => folders);
    const inRunner = readdirSync(path.join(checkout, "runner"), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const folders = ["spec/", "components/", "launch/", "cli/", "stacks/", "tools/"];
    expect(mapped).toEqual(expect.arrayContaining([...folders, ...inRunner.map(({ name }) => `runner/${name}/`)]));
  });
});
