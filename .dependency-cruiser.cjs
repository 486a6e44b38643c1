// The import rules of ARCHITECTURE.md: two planes that share one contract. `npm run lint` checks them.

const folders = ["spec", "components", "runner", "launch", "cli", "stacks"];
const others = (...allowed) =>
  `^(${[...folders, "tools", "test"].filter((folder) => !allowed.includes(folder)).join("|")})/`;
const packages = (...names) => `node_modules/(${names.join("|")})/`;

/** Files of `folder` import only from the named folders of this repository. */
const mayImport = (folder, allowed, comment) => ({
  name: `${folder}-imports`,
  comment,
  severity: "error",
  from: { path: `^${folder}/` },
  to: { path: others(folder, ...allowed) },
});

/** Files of `folder` import only the named npm packages. */
const mayUse = (folder, comment, ...names) => ({
  name: `${folder}-packages`,
  comment,
  severity: "error",
  from: { path: `^${folder}/` },
  to: { path: "node_modules/", pathNot: packages(...names) },
});

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    mayImport("spec", [], "the contract knows neither plane"),
    mayImport("components", ["spec"], "components declare; what runs is the runner's and is reached by JSON"),
    mayImport("runner", ["spec"], "the runner executes one job and knows nothing of who declared it"),
    mayImport("launch", ["spec"], "launch places a job and starts the runner as a program"),
    mayImport("cli", ["launch", "spec"], "the command line is a thin front of launch"),
    mayImport("stacks", ["components", "spec"], "a stack is a program of components"),
    mayUse("spec", "the contract is pure: schemas and cron", "zod", "croner"),
    mayUse("components", "components use Pulumi and the contract's schemas", "@pulumi/[^/]+", "zod"),
    {
      name: "spec-is-pure",
      comment: "the contract does no input and output",
      severity: "error",
      from: { path: "^spec/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "components-do-no-io",
      comment: "a component that reads or starts something does so at every preview",
      severity: "error",
      from: { path: "^components/" },
      to: { dependencyTypes: ["core"], path: "^(node:)?(fs|child_process|net|http|https|tls|dns|dgram)(/|$)" },
    },
    {
      name: "runner-without-pulumi",
      comment: "the runner's image does not carry Pulumi",
      severity: "error",
      from: { path: "^runner/" },
      to: { path: packages("@pulumi/[^/]+") },
    },
    {
      name: "nothing-imports-tests-or-tools",
      comment: "the product works without them",
      severity: "error",
      from: { path: `^(${folders.join("|")})/` },
      to: { path: "^(test|tools)/" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "declared",
      comment: "what the product imports is among its dependencies",
      severity: "error",
      from: { path: `^(${folders.join("|")})/` },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
