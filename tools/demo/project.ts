import { mkdir } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { linkOwnProject } from "../servers/own-project.ts";
import { pulumiEnvironment } from "../servers/pulumi-environment.ts";
import { checkout, tools } from "../servers/tools.ts";
import { say } from "./say.ts";

/** This repository's Pulumi project in a temporary directory, with a file backend of its own. */
export interface DemoProject {
  readonly directory: string;
  readonly initStack: (stack: string, config: object, secrets: Readonly<Record<string, string>>) => Promise<void>;
  readonly setConfig: (stack: string, key: string, value: unknown) => Promise<void>;
  /** `pulumi up`, with what it says. */
  readonly up: (stack: string) => Promise<void>;
  readonly output: (stack: string, name: string) => Promise<unknown>;
  /** Lines for a shell in which `pulumi` and `restorable` work on these stacks. */
  readonly shell: readonly string[];
  /** The `restorable` command; what it says to a person is shown, and its output returned. */
  readonly restorable: (...args: string[]) => Promise<string>;
}

export const makeProject = async (directory: string): Promise<DemoProject> => {
  const project = path.join(directory, "project");
  const backend = path.join(directory, "state");
  await mkdir(backend, { recursive: true });
  await linkOwnProject(project);
  const { age, zstd, tar, postgresBin, pulumi } = tools();
  const env = pulumiEnvironment(backend, "demo");
  env.PATH = [...[pulumi, age, zstd, tar].map((file) => path.dirname(file)), postgresBin, env.PATH].join(
    path.delimiter,
  );
  const run = (args: string[], input = "") =>
    execa(pulumi, [...args, "--non-interactive", "--color", "never"], { cwd: project, env, input });
  const setConfig = async (stack: string, key: string, value: string, kind = "--plaintext") => {
    await run(["config", "set", kind, "--stack", stack, key], value); // on stdin: a secret is never an argument
  };
  return {
    directory: project,
    shell: [
      `cd ${project}`,
      ...["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_HOME"].map((name) => `export ${name}=${env[name]}`),
      `export PATH=${path.dirname(pulumi)}:${path.dirname(process.execPath)}:$PATH`,
      `restorable() { node ${path.join(checkout, "cli/main.ts")} "$@"; }`,
    ],
    initStack: async (stack, config, secrets) => {
      await run(["stack", "init", stack]);
      await setConfig(stack, "demo", JSON.stringify(config));
      for (const [key, value] of Object.entries(secrets)) await setConfig(stack, key, value, "--secret");
    },
    setConfig: (stack, key, value) => setConfig(stack, key, JSON.stringify(value)),
    up: async (stack) => {
      const child = execa(
        pulumi,
        [
          "up",
          "--yes",
          "--skip-preview",
          "--suppress-outputs",
          "--stack",
          stack,
          "--non-interactive",
          "--color",
          "never",
        ],
        { cwd: project, env, all: true, reject: false },
      );
      for await (const line of child.iterable({ from: "all" })) if (isWorthSaying(line)) say.quote(line);
      const { exitCode } = await child;
      if (exitCode !== 0) throw new Error(`pulumi up of ${stack} failed`);
    },
    output: async (stack, name) =>
      JSON.parse((await run(["stack", "output", name, "--json", "--stack", stack])).stdout),
    restorable: async (...args) => {
      const child = execa(process.execPath, [path.join(checkout, "cli/main.ts"), ...args], {
        cwd: project,
        env,
        all: true,
        reject: false,
      });
      for await (const line of child.iterable({ from: args.includes("--json") ? "stderr" : "all" }))
        if (isWorthSaying(line)) say.quote(line);
      const { exitCode, stdout } = await child;
      if (exitCode !== 0) throw new Error(`restorable ${args.join(" ")} ended with exit code ${exitCode}`);
      return stdout;
    },
  };
};

/** The engine prints a line of dots while it works. */
const isWorthSaying = (line: string): boolean => line.trim() !== "" && !line.startsWith("@ updating");
