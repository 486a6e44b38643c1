import path from "node:path";
import { clusterName, type Request, type ResultOf } from "../../spec/index.ts";
import { restorable } from "../cli/real-cli.ts";
import type { PulumiStack } from "./pulumi-stack.ts";
import { tools } from "./tools.ts";

export interface StackSiteOptions {
  readonly stack: PulumiStack;
  /** The Pulumi project's name. */
  readonly project: string;
  /** The key of the stack's config that holds its structure: the system's name. */
  readonly system: string;
  /** An age private key: the operator's. */
  readonly identity: string;
}

/** The command line for a stack. */
export const onStack = (stack: PulumiStack, args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
  const { env } = stack;
  const PATH = [path.dirname(tools().pulumi), env.PATH].join(path.delimiter);
  return restorable([...args, "--stack", stack.name], { env: { ...env, PATH, ...more }, cwd: stack.projectDirectory });
};

/** A stack of this project, and an operator with the command line who works with it. */
export class StackSite {
  readonly stack: PulumiStack;
  readonly identity: string;
  readonly #project: string;
  readonly #system: string;
  #settings: object = {};

  constructor({ stack, project, system, identity }: StackSiteOptions) {
    this.stack = stack;
    this.identity = identity;
    this.#project = project;
    this.#system = system;
  }

  /** `<project>/<stack>/<plan>`; where the stack has one plan, it has the system's name. */
  confirm = (plan: string = this.#system): string => `${this.#project}/${this.stack.name}/${plan}`;

  /** What the objects of one plan are called in a cluster. */
  objectName = (plan: string = this.#system): string =>
    clusterName({ project: this.#project, stack: this.stack.name, name: plan });

  /** Writes settings into the stack's config, beside those that were written before; `up` deploys them. */
  async configure(settings: object): Promise<void> {
    this.#settings = { ...this.#settings, ...settings };
    await this.stack.setConfig(this.#system, JSON.stringify(this.#settings));
  }

  async setSecrets(secrets: Readonly<Record<string, string>>): Promise<void> {
    await this.stack.setAll({ secret: secrets });
  }

  /** Writes a request into the stack's config. */
  request = (value: Partial<Request>): Promise<void> =>
    this.stack.setConfig("restore", JSON.stringify({ point: "latest", confirm: this.confirm(value.plan), ...value }));

  /** `pulumi up`; throws with what it said where it fails. */
  async up(): Promise<void> {
    const run = await this.stack.up();
    if (!run.ok) throw new Error(run.text);
  }

  /** The operator's command. */
  restorable = (...args: readonly string[]) =>
    onStack(this.stack, [...args, "--config-file", this.stack.configFile], { RESTORABLE_IDENTITY: this.identity });

  /** The same with `--json`; throws with what it said where it fails. */
  async answer<T>(...args: readonly string[]): Promise<T> {
    const { exit, out, err } = await this.restorable(...args, "--json");
    if (exit !== 0) throw new Error(`restorable ${args.join(" ")}: ${exit}\n${out}\n${err}`);
    return JSON.parse(out) as T;
  }

  /** The recovery points of one plan, or of the only one; newest first. */
  async points(plan?: string): Promise<ResultOf<"catalog">["points"]> {
    const named = plan === undefined ? [] : ["--plan", plan];
    return (await this.answer<ResultOf<"catalog">>("list", ...named)).points;
  }
}
