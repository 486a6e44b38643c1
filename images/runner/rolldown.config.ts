// The runner as the image has it: few files with all that it needs, because a job that begins reads them in half of the
// time that a folder of packages takes. Run in the root folder: `npm run bundle`.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { defineConfig, type Plugin } from "rolldown";

/** Writes the licences of the packages that went in. */
const licences: Plugin = {
  name: "licences",
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
    const folders = new Set(modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []));
    const texts = [...folders].sort().map((folder) => `${titleOf(folder)}\n\n${licenceOf(folder)}`);
    this.emitFile({ type: "asset", fileName: "THIRD-PARTY-LICENSES", source: texts.join(`\n\n${"-".repeat(80)}\n\n`) });
  },
};

const titleOf = (folder: string): string => {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  return `${name} ${version} (${license})`;
};

/** Some packages have none of their own, and name it only. */
const licenceOf = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => /^(licen[cs]e|notice)/i.test(name))
    .map((name) => readFileSync(path.join(folder, name), "utf8").trim())
    .join("\n\n");

export default defineConfig({
  input: { main: "runner/main.ts" },
  platform: "node",
  // Only where it is installed; `pg` asks for it.
  external: ["pg-native"],
  plugins: [licences],
  // A scheduler starts `../main.js` from a file of its own folder.
  output: { dir: "dist/runner", entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
});
