import { writeFile } from "node:fs/promises";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { expect } from "vitest";
import type { RestoreRecord } from "../../../spec/index.ts";
import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { restorable } from "../../cli/real-cli.ts";
import { docker } from "../../docker/support/docker.ts";
import type { HostStore } from "../../docker/support/host-store.ts";
import { HOST } from "../../docker/support/launches.ts";
import type { PulumiRun, PulumiStack } from "../../support/pulumi-stack.ts";
import { tools } from "../../support/tools.ts";
import type { Topobank } from "./topobank.ts";

export interface OperatorOptions {
  readonly stack: PulumiStack;
  /** The Pulumi project's name. */
  readonly project: string;
  readonly topobank: Topobank;
  readonly store: HostStore;
  readonly dumps: string;
  readonly media: string;
  /** An age private key; the same one opens the points of several environments. */
  readonly identity?: string;
}

/** Who works with one stack of TopoBank: its config, `pulumi up`, requests and the command line. */
export class Operator {
  readonly identity: string;
  readonly #options: OperatorOptions;
  #settings: Readonly<Record<string, unknown>>;

  private constructor(options: OperatorOptions, identity: string, recipient: string) {
    const { topobank, store, dumps, media } = options;
    this.#options = options;
    this.identity = identity;
    const at = { endpoint: store.endpoint };
    this.#settings = {
      image: RUNNER_IMAGE,
      host: HOST,
      project: topobank.project,
      user: topobank.owner,
      postgres: { user: topobank.user },
      media: { ...at, bucket: media },
      dumps: { ...at, bucket: dumps },
      envs: topobank.envs,
      recipients: [recipient],
      schedule: "none",
      supervisor: { stop: topobank.supervisorctl("stop"), start: topobank.supervisorctl("start") },
      page: topobank.page,
      quietSeconds: 2,
      protected: false,
    };
  }

  /** With its stack configured, and not yet up. */
  static async make(options: OperatorOptions): Promise<Operator> {
    const { stack, store, topobank } = options;
    const identity = options.identity ?? (await generateX25519Identity());
    const operator = new Operator(options, identity, await identityToRecipient(identity));
    await writeFile(operator.keyFile, identity, { mode: 0o600 });
    await operator.configure({});
    const { accessKeyId, secretAccessKey } = store;
    for (const name of ["media", "dumps", "from"]) {
      await stack.setConfig(`${name}AccessKeyId`, accessKeyId, { secret: true });
      await stack.setConfig(`${name}SecretAccessKey`, secretAccessKey, { secret: true });
    }
    await stack.setConfig("postgresPassword", topobank.password, { secret: true });
    await stack.setConfig("identity", identity, { secret: true });
    return operator;
  }

  get keyFile(): string {
    return path.join(this.#options.stack.directory, `${this.#options.stack.name}.key`);
  }

  /** `<project>/<stack>/<plan>` */
  get confirm(): string {
    return `${this.#options.project}/${this.#options.stack.name}/topobank`;
  }

  /** Changes some settings of `backups:topobank`; undefined removes one. */
  async configure(changes: Readonly<Record<string, unknown>>): Promise<void> {
    this.#settings = { ...this.#settings, ...changes };
    await this.#options.stack.setConfig("topobank", JSON.stringify(this.#settings));
  }

  /** `pulumi up`, which must succeed. */
  async up(): Promise<PulumiRun> {
    const run = await this.#options.stack.up();
    expect(run.ok, run.text).toBe(true);
    return run;
  }

  /** Asks for a restore by stack config and runs `pulumi up`; whether it succeeded is for the caller to look at. */
  async restore(request: Readonly<Record<string, unknown>>): Promise<PulumiRun> {
    const { stack } = this.#options;
    const all = { point: "latest", into: { replace: {} }, confirm: this.confirm, ...request };
    await stack.setConfig("restore", JSON.stringify(all));
    return stack.up();
  }

  /** Takes the request out of the stack's config. */
  forget = (): Promise<void> => this.#options.stack.removeConfig("restore");

  /** The record of the last restore. */
  record = async (): Promise<RestoreRecord> => (await this.#options.stack.outputs()).record as RestoreRecord;

  /** The container that takes backups by the schedule; empty when there is none. */
  scheduler = (): Promise<string> =>
    docker("ps", "--all", "--quiet", ...this.#labelled, "--filter", "label=restorable.role=scheduler");

  /** Takes away all that the plan has on the host, also what it leaves there on purpose: a ledger. */
  async clearHost(): Promise<void> {
    const containers = (await docker("ps", "--all", "--quiet", ...this.#labelled)).split("\n").filter(Boolean);
    if (containers.length > 0) await docker("rm", "--force", ...containers);
    const volumes = (await docker("volume", "ls", "--quiet", ...this.#labelled)).split("\n").filter(Boolean);
    if (volumes.length > 0) await docker("volume", "rm", "--force", ...volumes);
  }

  get #labelled(): readonly string[] {
    return ["--filter", `label=restorable.plan=${this.confirm}`];
  }

  /** The command on a machine that has neither a Pulumi state nor a container; it must succeed. */
  async withoutState(...args: readonly string[]): Promise<void> {
    const { stack, store, dumps } = this.#options;
    const { publicKey } = await stack.outputs();
    const repository = [
      ...["--repository", `s3://${dumps}?endpoint=${store.endpoint}`, "--environment", "prod", "--plan", "topobank"],
      ...["--public-key", String(publicKey), "--ledger", path.join(stack.directory, "ledger")],
    ];
    const { age, zstd } = tools();
    const { exit, out, err } = await restorable(
      [...args, ...repository, "--identity", this.keyFile, "--confirm", this.confirm],
      {
        env: {
          PATH: [path.dirname(age), path.dirname(zstd), process.env.PATH].join(path.delimiter),
          AWS_ACCESS_KEY_ID: store.accessKeyId,
          AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
        },
      },
    );
    expect(exit, out + err).toBe(0);
  }

  /** The `restorable` command on this stack. */
  cli = (...args: readonly string[]): ReturnType<typeof restorable> => {
    const { stack } = this.#options;
    const { PATH = "" } = stack.env;
    return restorable([...args, "--stack", stack.name, "--config-file", stack.configFile], {
      env: { ...stack.env, PATH: [path.dirname(tools().pulumi), PATH].join(path.delimiter) },
      cwd: stack.projectDirectory,
    });
  };

  /** The same with `--json`; it must succeed. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { exit, out, err } = await this.cli(...args, "--json");
    expect(exit, out + err).toBe(0);
    return JSON.parse(out) as T;
  }
}
