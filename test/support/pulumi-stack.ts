import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { pulumiEnvironment } from "../../tools/servers/pulumi-environment.ts";
import { tools } from "../../tools/servers/tools.ts";
import { type EngineEvent, readEvents } from "./engine-events.ts";
import { linkOwnProject, type StandIn, useStandIns, writeInlineProject } from "./pulumi-project.ts";
import { makeTempDir, removeTempDir } from "./temp-dir.ts";

export interface PulumiStackOptions {
  /** The stack's name. Default `test`. */
  readonly stack?: string;
  /** Source of an inline program (TypeScript, ESM). Default: this repository's own program and project. */
  readonly program?: string;
  /** The name of this repository's own project, for stacks that leave that name outside of them. Default `backups`. */
  readonly project?: string;
  /** Providers that stand-ins of this project play. Default: none. */
  readonly standIns?: readonly StandIn[];
  /** More environment for the engine and what it starts. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One run of the engine. */
export interface PulumiRun {
  readonly ok: boolean;
  readonly exitCode: number | undefined;
  /** Standard output and standard error as a terminal would show them, without colours. */
  readonly text: string;
  readonly events: readonly EngineEvent[];
  /** How many resources had each operation: `{ create: 2, same: 1 }`. */
  readonly changes: Readonly<Record<string, number>>;
}

interface RunOptions {
  readonly args?: readonly string[];
  /** Called with the engine's process, for tests that kill it. */
  readonly started?: (pid: number) => void;
}

/**
 * A stack under the real engine, with a project and a backend in a temporary directory. Several may run side by side.
 * `remove` deletes the directory, not what the stack has made.
 */
export class PulumiStack {
  readonly directory: string;
  /** Where the engine runs: the inline program's project, or one that shows this checkout. */
  readonly projectDirectory: string;
  /** The stack's config file; tests may read and write it. */
  readonly configFile: string;
  readonly name: string;
  readonly #options: PulumiStackOptions;
  #runs = 0;

  private constructor(directory: string, options: PulumiStackOptions) {
    this.directory = directory;
    this.#options = options;
    this.name = options.stack ?? "test";
    this.projectDirectory = path.join(directory, "project");
    const configDirectory = options.program === undefined ? "stacks" : ".";
    this.configFile = path.join(this.projectDirectory, configDirectory, `Pulumi.${this.name}.yaml`);
  }

  static async create(options: PulumiStackOptions = {}): Promise<PulumiStack> {
    const stack = new PulumiStack(await makeTempDir("stack"), options);
    try {
      await mkdir(path.join(stack.directory, "backend"));
      if (options.program === undefined) {
        await linkOwnProject(stack.projectDirectory, options.project);
        await useStandIns(stack.projectDirectory, options.standIns ?? []);
      } else await stack.writeProgram(options.program);
      await stack.#succeed("stack", "init", stack.name, "--no-select");
      return stack;
    } catch (error) {
      await stack.remove();
      throw error;
    }
  }

  /** Another stack of the same project and backend; it shares the directory, so remove only one of them. */
  async sibling(name: string): Promise<PulumiStack> {
    const stack = new PulumiStack(this.directory, { ...this.#options, stack: name });
    await stack.#succeed("stack", "init", name, "--no-select");
    return stack;
  }

  /** The environment of the engine, for tests that run the command line in `projectDirectory` themselves. */
  get env(): Readonly<Record<string, string>> {
    return { ...pulumiEnvironment(path.join(this.directory, "backend"), "test"), ...this.#options.env };
  }

  /** Replaces the inline program. */
  async writeProgram(source: string): Promise<void> {
    await writeInlineProject(this.projectDirectory, source);
    await useStandIns(this.projectDirectory, this.#options.standIns ?? []);
  }

  /** Sets one config value; `path` treats the key as a path (`restore.id`), `secret` encrypts it. */
  async setConfig(key: string, value: string, options: { secret?: boolean; path?: boolean } = {}): Promise<void> {
    const flags = [options.secret ? "--secret" : "--plaintext", ...(options.path ? ["--path"] : [])];
    // On stdin, so that a secret is never an argument.
    await this.#call(["config", "set", ...flags, ...this.#stack, key], {
      input: value,
    });
  }

  /** Sets many at once. Here secrets are arguments, which a test's may be. */
  async setAll({ plain = {}, secret = {} }: { readonly plain?: Values; readonly secret?: Values }): Promise<void> {
    const flags = (name: string, values: Values) =>
      Object.entries(values).flatMap(([key, value]) => [`--${name}`, `${key}=${value}`]);
    const all = [...flags("plaintext", plain), ...flags("secret", secret)];
    if (all.length > 0) await this.#succeed("config", "set-all", ...this.#stack, ...all);
  }

  async removeConfig(key: string, options: { path?: boolean } = {}): Promise<void> {
    const flags = options.path ? ["--path"] : [];
    await this.#succeed("config", "rm", ...flags, ...this.#stack, key);
  }

  up = (options: RunOptions = {}): Promise<PulumiRun> => this.#run("up", ["--yes", "--skip-preview"], options);
  preview = (options: RunOptions = {}): Promise<PulumiRun> => this.#run("preview", [], options);
  refresh = (options: RunOptions = {}): Promise<PulumiRun> =>
    this.#run("refresh", ["--yes", "--skip-preview"], options);
  destroy = (options: RunOptions = {}): Promise<PulumiRun> =>
    this.#run("destroy", ["--yes", "--skip-preview"], options);

  /** The stack's outputs, secrets in clear. */
  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.#succeed("stack", "output", "--json", "--show-secrets", ...this.#stack));
  }

  /** The state as it is stored: secrets are ciphertext. */
  async export(): Promise<{ deployment: { resources?: readonly StateResource[] } }> {
    return JSON.parse(await this.#succeed("stack", "export", ...this.#stack));
  }

  /** Selects it, as an operator does who then leaves its name out. */
  async select(): Promise<void> {
    await this.#succeed("stack", "select", this.name);
  }

  /** After an engine that was killed: forgets the update that it held. */
  async cancel(): Promise<void> {
    await this.#succeed("cancel", "--yes", this.name);
  }

  async remove(): Promise<void> {
    await removeTempDir(this.directory);
  }

  get #stack(): readonly string[] {
    return ["--stack", this.name];
  }

  async #run(command: string, flags: readonly string[], { args = [], started }: RunOptions): Promise<PulumiRun> {
    this.#runs += 1;
    const eventLog = path.join(this.directory, `${this.name}-${this.#runs}.events`);
    const always = [...this.#stack, "--event-log", eventLog, "--diff"];
    const result = await this.#call([command, ...flags, ...always, ...args], { allowFailure: true, started });
    const events = readEvents(await readFile(eventLog, "utf8").catch(() => ""));
    const changes = events.findLast((event) => event.summaryEvent)?.summaryEvent?.resourceChanges ?? {};
    return { ok: result.exitCode === 0, exitCode: result.exitCode, text: result.all, events, changes };
  }

  async #succeed(...args: string[]): Promise<string> {
    return (await this.#call(args, {})).stdout;
  }

  async #call(args: readonly string[], options: CallOptions) {
    const child = execa(tools().pulumi, [...args, "--non-interactive", "--color", "never"], {
      cwd: this.projectDirectory,
      // The flag for the event log is among the engine's debugging ones.
      env: { ...this.env, PULUMI_DEBUG_COMMANDS: "1" },
      input: options.input ?? "",
      reject: false,
      all: true,
      stripFinalNewline: false,
    });
    if (child.pid !== undefined) options.started?.(child.pid);
    const { exitCode, stdout, all } = await child;
    if (exitCode !== 0 && !options.allowFailure) throw new Error(`pulumi ${args.join(" ")} failed:\n${all}`);
    return { exitCode, stdout, all };
  }
}

type Values = Readonly<Record<string, string>>;

interface CallOptions {
  readonly input?: string;
  readonly allowFailure?: boolean;
  readonly started?: ((pid: number) => void) | undefined;
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}
