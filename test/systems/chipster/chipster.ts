import { randomBytes } from "node:crypto";
import { apply, kubectl } from "../../kubernetes/support/kubectl.ts";
import { serviceSql } from "../../kubernetes/support/service-sql.ts";
import { waitFor } from "../../support/wait-for.ts";
import { DATABASE_NAMES, DATABASES, type Database, manifests, REPLICAS, server, TOKEN_KEY } from "./manifests.ts";

export type Passwords = Readonly<Record<string, string>>;

/** What Chipster's own script makes once for each server. */
export const generatePasswords = (): Passwords => {
  const names = [...DATABASE_NAMES.map((database) => `${database}-db-password`), TOKEN_KEY];
  return Object.fromEntries(names.map((name) => [name, randomBytes(16).toString("hex")]));
};

/** A table that each service writes to. */
const TABLES: Readonly<Record<Database, string>> = {
  "session-db": "session",
  auth: "app_user",
  "job-history": "job_history",
};

/** Chipster on a cluster, in a namespace of its own where pods are restricted; everything inside has Chipster's names. */
export class Chipster {
  readonly namespace: string;
  readonly passwords: Passwords;
  readonly #databases: readonly Database[];

  private constructor(namespace: string, passwords: Passwords, databases: readonly Database[]) {
    this.namespace = namespace;
    this.passwords = passwords;
    this.#databases = databases;
  }

  /**
   * Deploys it, and waits until every service has made its tables. Without `passwords` it has new ones; a test that needs
   * no more than the sessions names that database only.
   */
  static async deploy(
    namespace: string,
    passwords: Passwords = generatePasswords(),
    databases: readonly Database[] = DATABASE_NAMES,
  ): Promise<Chipster> {
    const chipster = new Chipster(namespace, passwords, databases);
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } });
    await chipster.apply();
    return chipster;
  }

  /** Applies its documents, also once more: what is missing is made again. */
  async apply(): Promise<void> {
    const inNamespace = (document: object) => {
      const { metadata, ...rest } = document as { readonly metadata: object };
      return { ...rest, metadata: { ...metadata, namespace: this.namespace } };
    };
    await apply(...manifests(this.passwords, this.#databases).map(inNamespace));
    await this.isRunning();
  }

  /** Waits until all its pods run and every service writes. */
  async isRunning(): Promise<void> {
    const workloads = [
      ...this.#databases.flatMap((database) => [`statefulset/${server(database)}`, `deployment/${database}`]),
      "statefulset/file-storage",
    ];
    await Promise.all(workloads.map((name) => this.kubectl("rollout", "status", name, "--timeout=300s")));
    // A service that runs makes its tables only then.
    const writes = (database: Database) =>
      waitFor(
        `${database} to write`,
        async () => (await this.sql(database, `SELECT EXISTS (SELECT FROM ${TABLES[database]})`)) === "t",
        { seconds: 120, every: 500 },
      );
    await Promise.all(this.#databases.map(writes));
  }

  kubectl = (...args: readonly string[]): Promise<string> => kubectl("--namespace", this.namespace, ...args);

  /** Runs a program beside the files; answers what it printed, or throws with what it said. */
  exec = (...argv: readonly string[]): Promise<string> => this.kubectl("exec", "file-storage-0", "--", ...argv);

  /** What a query answers, one line per row. */
  sql = (database: Database, text: string, name: string = DATABASES[database]): Promise<string> =>
    serviceSql(
      {
        namespace: this.namespace,
        service: server(database),
        password: String(this.passwords[`${database}-db-password`]),
      },
      name,
      text,
    );

  /** Makes a session with so many files. */
  seed = (session: string, files: number): Promise<string> => this.exec("bash", "/app/seed.sh", session, String(files));

  /** Opens a session as its user would: its name, files and outputs. Throws where anything of it is missing. */
  open = (session: string): Promise<string> => this.exec("bash", "/app/open.sh", session);

  /** Throws with the rows whose files are missing or are others. */
  check = (): Promise<string> => this.exec("bash", "/app/check.sh");

  /** Makes its Secret anew with these, and begins the pod anew that opens sessions: what a new server does. */
  async replacePasswords(passwords: Passwords): Promise<void> {
    await this.kubectl("patch", "secret", "passwords", "--patch", JSON.stringify({ stringData: passwords }));
    await this.kubectl("delete", "pod", "file-storage-0", "--force", "--grace-period=0");
    await this.kubectl("rollout", "status", "statefulset/file-storage", "--timeout=300s");
  }

  /** Replicas of each workload that a restore may stop. */
  async replicas(): Promise<Readonly<Record<string, number>>> {
    const template = '{range .items[*]}{.metadata.name} {.spec.replicas}{"\\n"}{end}';
    const text = await this.kubectl("get", "deployments,statefulsets", "--output", `jsonpath=${template}`);
    const lines = text.split("\n").filter(Boolean);
    return Object.fromEntries(lines.map((line) => line.split(" ")).map(([name, count]) => [name, Number(count)]));
  }

  /** What `replicas` answers while Chipster runs. */
  get running(): Readonly<Record<string, number>> {
    const services = this.#databases.map((database) => [database, REPLICAS[database]] as const);
    const servers = this.#databases.map((database) => [server(database), 1] as const);
    return { ...Object.fromEntries([...services, ...servers]), "file-storage": 1 };
  }

  remove = (): Promise<string> => kubectl("delete", "namespace", this.namespace, "--ignore-not-found", "--wait=false");
}
