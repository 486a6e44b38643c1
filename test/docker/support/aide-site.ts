import path from "node:path";
import { identityToRecipient } from "age-encryption";
import type { Request, ResultOf } from "../../../spec/index.ts";
import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { restorable } from "../../cli/real-cli.ts";
import type { PulumiStack } from "../../support/pulumi-stack.ts";
import { tools } from "../../support/tools.ts";
import type { Aide } from "../../systems/aide/aide.ts";
import { docker } from "./docker.ts";
import type { HostStore } from "./host-store.ts";
import { HOST } from "./launches.ts";

export const BUCKET = "aide-backups";

export interface SiteOptions {
  readonly aide: Aide;
  readonly stack: PulumiStack;
  readonly store: HostStore;
  /** An age private key: the operator's. */
  readonly identity: string;
  /** More of `backups:aide`. */
  readonly settings: object;
}

/** One environment: AIDE, its stack, and an operator with the command line. */
export class Site {
  readonly aide: Aide;
  readonly stack: PulumiStack;
  readonly environment: string;
  readonly #project: string;
  readonly #identity: string;
  #settings: object;

  private constructor({ aide, stack, identity, settings }: SiteOptions, project: string) {
    this.#identity = identity;
    this.aide = aide;
    this.stack = stack;
    this.environment = stack.name.slice("aide-".length);
    this.#project = project;
    this.#settings = settings;
  }

  /** Writes the stack's config; `up` deploys it. */
  static async make(options: SiteOptions, project: string): Promise<Site> {
    const { aide, stack, store, identity, settings } = options;
    const site = new Site(options, project);
    await site.configure({
      host: HOST,
      runner: RUNNER_IMAGE,
      recipients: [await identityToRecipient(identity)],
      container: aide.container,
      volumes: aide.volumes,
      page: aide.page,
      timeoutSeconds: 60,
      ...settings,
    });
    const secrets = {
      accessKeyId: store.accessKeyId,
      secretAccessKey: store.secretAccessKey,
      postgresPassword: aide.password,
      adminPassword: aide.adminPassword,
      identity,
    };
    for (const [key, value] of Object.entries(secrets)) await stack.setConfig(key, value, { secret: true });
    return site;
  }

  /** `<project>/<stack>/<plan>` */
  get confirm(): string {
    return `${this.#project}/${this.stack.name}/aide`;
  }

  async configure(settings: object): Promise<void> {
    this.#settings = { ...this.#settings, ...settings };
    await this.stack.setConfig("aide", JSON.stringify(this.#settings));
  }

  /** Writes a request into the stack's config. */
  request = (value: Partial<Request>): Promise<void> =>
    this.stack.setConfig("restore", JSON.stringify({ point: "latest", confirm: this.confirm, ...value }));

  /** `pulumi up`; throws with what it said where it fails. */
  async up(): Promise<void> {
    const run = await this.stack.up();
    if (!run.ok) throw new Error(run.text);
  }

  /** The operator's command. */
  restorable = (...args: readonly string[]) => {
    const env = { ...this.stack.env };
    return restorable([...args, "--stack", this.stack.name, "--config-file", this.stack.configFile], {
      env: {
        ...env,
        PATH: [path.dirname(tools().pulumi), env.PATH].join(path.delimiter),
        RESTORABLE_IDENTITY: this.#identity,
      },
      cwd: this.stack.projectDirectory,
    });
  };

  /** The same with `--json`; throws with what it said where it fails. */
  async answer<T>(...args: readonly string[]): Promise<T> {
    const { exit, out, err } = await this.restorable(...args, "--json");
    if (exit !== 0) throw new Error(`restorable ${args.join(" ")}: ${exit}\n${out}\n${err}`);
    return JSON.parse(out) as T;
  }

  points = async (): Promise<ResultOf<"catalog">["points"]> => (await this.answer<ResultOf<"catalog">>("list")).points;
}

/** The containers that run a project's plans by their schedules. */
export const schedulers = async (project: string): Promise<readonly string[]> => {
  const filters = ["--filter", `name=${project}`, "--filter", "label=restorable.role=scheduler"];
  return (await docker("ps", "--quiet", ...filters)).split("\n").filter(Boolean);
};

/** Takes away what stacks of a project left on the engine: containers first. */
export const removeProject = async (project: string): Promise<void> => {
  for (const [kind, list, remove] of [
    ["containers", ["ps", "--all", "--quiet"], ["rm", "--force", "--volumes"]],
    ["volumes", ["volume", "ls", "--quiet"], ["volume", "rm", "--force"]],
  ] as const) {
    const names = (await docker(...list, "--filter", `name=${project}`)).split("\n").filter(Boolean);
    if (names.length > 0)
      await docker(...remove, ...names).catch((error) => Promise.reject(new Error(`${kind}: ${error}`)));
  }
};
