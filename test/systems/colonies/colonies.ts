import { TIMESCALEDB_IMAGE } from "../../../tools/docker/images.ts";
import { apply, kubectl } from "../../kubernetes/support/kubectl.ts";

/** Of PostgreSQL in the stand-in for the official image. */
export const USER = "100:102";
/** What writes to the database, as the server of a colony does. */
export const WRITER = "colonies-server";

const [uid, gid] = USER.split(":").map(Number);

/** Adds what processes of executors report, all the time; a lost connection is made again. */
const WRITE = `
  trap 'exit 0' TERM
  export PGPASSWORD=$(</run/secrets/timescaledb/password)
  while true; do
    psql --no-psqlrc --quiet --host timescaledb-service --username postgres --command "
      CREATE TABLE IF NOT EXISTS processes (at timestamptz NOT NULL, state int);
      SELECT create_hypertable('processes', 'at', chunk_time_interval => interval '1 hour', if_not_exists => true);
      INSERT INTO processes VALUES (now(), 1)" >/dev/null 2>&1
    sleep 1
  done`;

/** A namespace in which pods are restricted. What the chart deploys there is declared by the stack. */
export class Colonies {
  readonly namespace: string;

  private constructor(namespace: string) {
    this.namespace = namespace;
  }

  static async make(namespace: string): Promise<Colonies> {
    const labels = {
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/warn": "restricted",
    };
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } });
    return new Colonies(namespace);
  }

  kubectl = (...args: readonly string[]): Promise<string> => kubectl("--namespace", this.namespace, ...args);

  /** Runs a program in the server's container. */
  exec = (...argv: readonly string[]): Promise<string> =>
    this.kubectl("exec", "timescaledb-statefulset-0", "--container", "timescaledb-container", "--", ...argv);

  /** What a query answers, one line per row; by the server's own socket. */
  sql = (text: string, database = "postgres"): Promise<string> =>
    this.exec(
      ...["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"],
      ...["--username", "postgres", "--dbname", database, "--command", text],
    );

  /** Waits until the server answers in a pod that is as declared. */
  isRunning = (): Promise<string> =>
    this.kubectl("rollout", "status", "statefulset/timescaledb-statefulset", "--timeout=180s");

  /** Starts what writes; the password is the stack's own Secret. */
  startWriter = async (): Promise<void> => {
    await apply({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: WRITER, namespace: this.namespace },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: WRITER } },
        template: {
          metadata: { labels: { app: WRITER } },
          spec: {
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 2,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: uid,
              runAsGroup: gid,
              fsGroup: gid,
              seccompProfile: { type: "RuntimeDefault" },
            },
            containers: [
              {
                name: "writer",
                image: TIMESCALEDB_IMAGE,
                imagePullPolicy: "IfNotPresent",
                command: ["bash", "-c", WRITE],
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                volumeMounts: [{ name: "password", mountPath: "/run/secrets/timescaledb", readOnly: true }],
              },
            ],
            volumes: [{ name: "password", secret: { secretName: "timescaledb-secret", defaultMode: 0o440 } }],
          },
        },
      },
    });
    await this.kubectl("rollout", "status", `deployment/${WRITER}`, "--timeout=120s");
  };

  remove = (): Promise<string> => kubectl("delete", "namespace", this.namespace, "--ignore-not-found", "--wait=false");
}
