import { randomBytes } from "node:crypto";
import { execa } from "execa";
import { freePort } from "../../../tools/servers/free-port.ts";
import { docker, LABELLED, type Place, program } from "../../docker/support/docker.ts";
import { waitFor } from "../../support/wait-for.ts";

/** The servers that AIDE's image can be built on, by their major. */
export const POSTGRES = { 13: "postgres:13-bullseye", 17: "postgres:17-trixie" } as const;
export type Major = keyof typeof POSTGRES;

const TAG = process.env.RESTORABLE_TEST_TAG ?? "test";
export const DATABASE = "ailabeltooldb";
/** To which the workers add images all the time. */
export const BUSY = "test_tiles_docker";

const CELERY = ["/opt/conda/bin/celery", "-A", "celery_worker"];

export interface AideOptions {
  readonly major: Major;
  /** The host's name in the names of dumps: `prod`, `uat`. */
  readonly host: string;
  /** Whether the container makes its role, database and tables at its start, as AIDE does. Default true. */
  readonly setup?: boolean;
}

/** One host with AIDE on it: container, volumes and page have names of their own, everything inside has AIDE's. */
export class Aide {
  readonly container: string;
  readonly page: string;
  readonly password = randomBytes(16).toString("hex");
  readonly adminPassword = randomBytes(16).toString("hex");
  readonly volumes: { readonly images: string; readonly database: string; readonly mapserv: string };
  readonly major: Major;

  private constructor(options: AideOptions, container: string, port: number, volumes: Aide["volumes"]) {
    this.major = options.major;
    this.container = container;
    this.page = `http://127.0.0.1:${port}/`;
    this.volumes = volumes;
  }

  /** Builds the image where it is not there yet, and starts the container. Taken away with its place. */
  static async start(place: Place, options: AideOptions): Promise<Aide> {
    const { major, host, setup = true } = options;
    const image = `restorable-aide:${TAG}-${major}`;
    const build = ["build", "--quiet", "--build-arg", `POSTGRES_IMAGE=${POSTGRES[major]}`, "--tag", image];
    await execa(program, [...build, import.meta.dirname], { env: { DOCKER_BUILDKIT: "1" } });
    const [images, database, mapserv, port] = await Promise.all([
      place.volume(`${host}-aide_images`),
      place.volume(`${host}-aide_db_data`),
      place.volume(`${host}-aide_mapserv`),
      freePort(),
    ]);
    const aide = new Aide(options, place.claim(`${host}-aide_app`), port, { images, database, mapserv });
    await docker(
      ...["run", "--detach", "--name", aide.container, "--hostname", "aide_app_host", ...LABELLED],
      ...["--network", place.network, "--publish", `127.0.0.1:${port}:8080`],
      ...["--volume", `${images}:/home/aide/images`, "--volume", `${mapserv}:/home/aide/app/mapserv`],
      ...["--volume", `${database}:/var/lib/postgresql/${major}/main`],
      ...["--env", `AIDE_DB_PASSWORD=${aide.password}`, "--env", `AIDE_SETUP=${setup ? "yes" : "no"}`, image],
    );
    await waitFor("the web server", () => fetch(aide.page));
    // What an operator does once, by hand: restores log in by password, and AIDE's own postgres cannot.
    await aide.sql(`CREATE ROLE restorable SUPERUSER LOGIN PASSWORD '${aide.adminPassword}'`, "postgres");
    return aide;
  }

  /** Runs a program in the container, as root; answers what it printed. */
  exec = (...argv: readonly string[]): Promise<string> => docker("exec", this.container, ...argv);

  /** What a query answers, one line per row; as the server's own superuser, by its socket. */
  sql = (text: string, database: string = DATABASE): Promise<string> =>
    docker(
      ...["exec", "--user", "postgres", this.container, "psql", "--no-psqlrc", "--quiet", "--tuples-only"],
      ...["--no-align", "--set", "ON_ERROR_STOP=1", "--port", "17685", "--dbname", database, "--command", text],
    );

  /** Makes projects: `{ test: 20 }` is one of twenty images. */
  seed = (projects: Readonly<Record<string, number>>): Promise<string> =>
    this.exec("python3", "/home/aide/app/seed.py", ...Object.entries(projects).map(([name, n]) => `${name}=${n}`));

  /** The page's status and text; status 0 when nobody answers. */
  look = (): Promise<{ status: number; text: string }> =>
    fetch(this.page).then(
      async (response) => ({ status: response.status, text: (await response.text()).trim() }),
      (error: unknown) => ({ status: 0, text: String(error) }),
    );

  /** The processes of the workers. */
  celery = async (): Promise<readonly string[]> => {
    const { stdout } = await execa(program, ["exec", this.container, "pgrep", "celery"], { reject: false });
    return stdout.split("\n").filter(Boolean);
  };

  /** Does something while no worker works, as the operators did by hand. */
  async withoutWorkers<T>(work: () => Promise<T>): Promise<T> {
    await this.exec(...CELERY, "control", "shutdown");
    await waitFor("the workers' end", async () => (await this.celery()).length === 0);
    const done = await work();
    await this.exec(...CELERY, "worker", "--detach");
    return done;
  }

  /** When the container was started, and whether it runs. */
  state = (): Promise<string> =>
    docker("inspect", "--format", "{{.State.StartedAt}} {{.State.Status}}", this.container);

  /** The server's log so far, a line each: time, process, database, text. */
  log = async (): Promise<readonly (readonly [string, string, string, string])[]> => {
    const text = await this.exec("cat", "/var/log/postgresql/server.log");
    return text.split("\n").flatMap((line) => {
      const [at, pid, database, ...rest] = line.split("|");
      return at && pid && database !== undefined ? [[at, pid, database, rest.join("|")] as const] : [];
    });
  };

  /** Databases that a restore put aside. */
  superseded = async (): Promise<readonly string[]> => {
    const names = await this.sql(`SELECT datname FROM pg_database WHERE datname ~ '_org_' ORDER BY 1`, "postgres");
    return names.split("\n").filter(Boolean);
  };
}
