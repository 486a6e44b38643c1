import { randomBytes } from "node:crypto";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { freePort } from "../../../tools/servers/free-port.ts";
import { checkout } from "../../../tools/servers/tools.ts";
import { startWatched, type WatchedProcess } from "../../../tools/servers/watched-process.ts";
import { docker, LABELLED, program } from "../../docker/support/docker.ts";
import { waitFor } from "../../support/wait-for.ts";

const HERE = import.meta.dirname;
/** In the runner's image, for its Node. */
const APP = "/opt/app";
/** What it imports, PostgreSQL's and S3's libraries among it, is of this checkout. */
const PACKAGES = `${path.join(checkout, "node_modules")}:/opt/node_modules:ro`;
const SERVICES = ["postgres", "django", "celeryworker"] as const;
export type Service = (typeof SERVICES)[number];

export interface TopobankOptions {
  /** The compose project: `production`, with something before it that no other test has. */
  readonly project: string;
  /** The virtual machine's disk: `.envs` and supervisor's socket. Kept by the caller. */
  readonly directory: string;
  readonly media: {
    readonly bucket: string;
    readonly endpoint: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
}

/**
 * One virtual machine with TopoBank on it: a compose project of three services on a network of its own, `.envs`, and
 * supervisor, which keeps `docker-compose up` running. The containers have the names and labels that compose gives.
 */
export class Topobank {
  readonly project: string;
  readonly network: string;
  readonly user = `u${randomBytes(8).toString("hex")}`;
  readonly password = randomBytes(16).toString("hex");
  readonly volume: string;
  readonly #options: TopobankOptions;
  readonly #port: number;
  /** The machine's user, who is not root. */
  readonly #owner = [process.getuid?.() || 10001, process.getgid?.() || 10001] as const;
  readonly #volumes = new Set<string>();
  #supervisor: WatchedProcess | undefined;

  private constructor(options: TopobankOptions, port: number) {
    this.#options = options;
    this.#port = port;
    this.project = options.project;
    this.network = `${this.project}_default`;
    this.volume = `${this.project}_postgres_data`;
  }

  /** An empty machine with `.envs`; nothing runs yet. */
  static async make(options: TopobankOptions): Promise<Topobank> {
    const made = new Topobank(options, await freePort());
    await mkdir(made.envs, { recursive: true });
    await Promise.all([
      writeFile(path.join(made.envs, ".postgres"), made.#dotPostgres(), { mode: 0o600 }),
      writeFile(path.join(made.envs, ".django"), made.#dotDjango(), { mode: 0o600 }),
    ]);
    for (const name of ["", ".postgres", ".django"]) await chown(path.join(made.envs, name), ...made.#owner);
    await made.makeNetwork();
    return made;
  }

  /** The directory with the application's configuration. */
  get envs(): string {
    return path.join(this.#options.directory, ".envs", ".production");
  }

  /** Whose `.envs` are, as `<uid>:<gid>`. */
  get owner(): string {
    return this.#owner.join(":");
  }

  get page(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  container = (service: Service): string => `${this.project}_${service}_1`;

  supervisorctl = (command: "start" | "stop" | "status"): string[] => [
    process.execPath,
    path.join(HERE, "supervisorctl.ts"),
    this.#socket,
    command,
  ];

  /** What `docker-compose create` does, from `.envs` as they are; `volume` is another one where the wrong file is used. */
  async create(volume = this.volume): Promise<void> {
    await this.#volume(volume);
    const data = `${volume}:/var/lib/postgresql/data`;
    await this.#container("postgres", ["--env-file", path.join(this.envs, ".postgres"), "--volume", data], [POSTGRES]);
    const ofApp = [".django", ".postgres"].flatMap((name) => ["--env-file", path.join(this.envs, name)]);
    ofApp.push("--volume", PACKAGES);
    const django = [...ofApp, "--publish", `127.0.0.1:${this.#port}:8000`, "--entrypoint", "node"];
    await this.#container("django", django, [RUNNER_IMAGE, `${APP}/django.ts`]);
    await this.#container("celeryworker", [...ofApp, "--entrypoint", "node"], [RUNNER_IMAGE, `${APP}/celeryworker.ts`]);
    for (const service of ["django", "celeryworker"] as const)
      await docker("cp", path.join(HERE, "app"), `${this.container(service)}:${APP}`);
  }

  /** What `docker-compose rm` does; volumes stay. */
  async removeContainers(): Promise<void> {
    await execa(program, ["rm", "--force", ...SERVICES.map(this.container)], { reject: false });
  }

  /** The machine is lost: containers, volumes, network and `.envs`. */
  async lose(): Promise<void> {
    await this.remove();
    this.#volumes.clear();
    await rm(path.join(this.#options.directory, ".envs"), { recursive: true });
  }

  /** What `docker-compose up` first does on an empty machine. */
  async makeNetwork(): Promise<void> {
    const labels = ["--label", `com.docker.compose.project=${this.project}`];
    await docker("network", "create", ...LABELLED, ...labels, this.network);
  }

  /** Starts supervisor, and by it the application. */
  async supervise(): Promise<void> {
    const containers = SERVICES.map(this.container);
    const up = [process.execPath, path.join(HERE, "compose-up.ts"), program, ...containers];
    this.#supervisor = await startWatched({
      program: process.execPath,
      args: [path.join(HERE, "supervisord.ts"), this.#socket, ...up],
      cwd: this.#options.directory,
      log: path.join(this.#options.directory, "supervisord.log"),
      signal: "INT",
    });
    await this.#supervisor.ready(() => this.#supervisor?.log().includes("supervisord started") ?? false);
  }

  /** Stops supervisor and the application. */
  async halt(): Promise<void> {
    await this.#supervisor?.stop();
    this.#supervisor = undefined;
  }

  /** Waits for PostgreSQL and makes the tables, as the first `manage.py migrate` does. */
  migrate = (...name: readonly string[]): Promise<string> => docker(...this.migration(...name).slice(1));

  /** The command of a migration, to be run on the machine. */
  migration = (...name: readonly string[]): string[] => [
    program,
    ...["exec", this.container("django"), "node", `${APP}/manage.ts`, "migrate", ...name],
  ];

  /** What a query answers, one line per row. */
  sql = (text: string, database = "topobank"): Promise<string> =>
    docker(
      ...["exec", this.container("postgres"), "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"],
      ...["--set", "ON_ERROR_STOP=1", "--username", this.user, "--dbname", database, "--command", text],
    );

  /** The page's status and text; status 0 when nobody answers. */
  look = (): Promise<{ status: number; text: string }> =>
    fetch(this.page).then(
      async (response) => ({ status: response.status, text: await response.text() }),
      (error: unknown) => ({ status: 0, text: String(error) }),
    );

  answers = (): Promise<unknown> =>
    waitFor("the page", async () => {
      const { status, text } = await this.look();
      if (status !== 200) throw new Error(`${status}: ${text}`);
      return true;
    });

  /** Takes away containers, volumes and the network; the directory is the caller's. */
  async remove(): Promise<void> {
    await this.halt();
    await this.removeContainers();
    if (this.#volumes.size > 0) await execa(program, ["volume", "rm", "--force", ...this.#volumes], { reject: false });
    await execa(program, ["network", "rm", this.network], { reject: false });
  }

  get #socket(): string {
    return path.join(this.#options.directory, "supervisor.sock");
  }

  async #volume(name: string): Promise<void> {
    this.#volumes.add(name);
    const labels = ["--label", `com.docker.compose.project=${this.project}`];
    await docker("volume", "create", ...LABELLED, ...labels, name);
  }

  async #container(service: Service, args: readonly string[], command: readonly string[]): Promise<void> {
    const labels = {
      project: this.project,
      service,
      "container-number": "1",
      oneoff: "False",
      version: "1.23.2",
    };
    await docker(
      ...["create", "--name", this.container(service), "--network", this.network, "--network-alias", service],
      ...Object.entries(labels).flatMap(([key, value]) => ["--label", `com.docker.compose.${key}=${value}`]),
      ...[...LABELLED, ...args, ...command],
    );
  }

  #dotPostgres(): string {
    const values = {
      POSTGRES_HOST: "postgres",
      POSTGRES_DB: "topobank",
      POSTGRES_USER: this.user,
      POSTGRES_PASSWORD: this.password,
    };
    return lines(values);
  }

  #dotDjango(): string {
    const { bucket, endpoint, accessKeyId, secretAccessKey } = this.#options.media;
    return lines({
      AWS_STORAGE_BUCKET_NAME: bucket,
      AWS_MEDIA_PREFIX: "media",
      AWS_S3_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      DBBACKUP_SCHEDULE: "@daily",
    });
  }
}

const POSTGRES = "postgres:17-trixie";

const lines = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
