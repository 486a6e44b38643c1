import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { POSTGRES_PROBES } from "../../support/postgres-probes.ts";

/** The databases: by the name that Chipster's own objects have them under. */
export const DATABASES = { "session-db": "session_db_db", auth: "auth_db", "job-history": "job_history_db" } as const;
export type Database = keyof typeof DATABASES;
export const DATABASE_NAMES = Object.keys(DATABASES) as readonly Database[];

/** A fitting stand-in, because nothing can be pulled; its user, whose files are in the volumes. */
const IMAGE = "postgres:17-trixie";
const USER = { runAsUser: 100, runAsGroup: 102 } as const;
export const STORAGE_USER = `${USER.runAsUser}:${USER.runAsGroup}`;

/** What the service of a session's key is called in the Secret `passwords`. */
export const TOKEN_KEY = "jws-private-key-session-db";

export const server = (database: Database): string => `chipster-${database}-postgresql`;

const pod = (app: string, container: object, volumes: readonly object[]) => ({
  metadata: { labels: { app } },
  spec: {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 10,
    securityContext: {
      runAsNonRoot: true,
      ...USER,
      fsGroup: USER.runAsGroup,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        image: IMAGE,
        imagePullPolicy: "IfNotPresent",
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        resources: { requests: { cpu: "20m", memory: "32Mi" } },
        ...container,
      },
    ],
    volumes,
  },
});

const claim = (name: string, storage: string) => ({
  metadata: { name },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
});

const workload = (kind: "Deployment" | "StatefulSet", name: string, spec: object) => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, ...spec },
});

const ofPasswords = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: "passwords", key } } });

const postgres = (database: Database) => {
  const app = server(database);
  const container = {
    name: "postgresql",
    args: ["postgres", "-c", "shared_buffers=32MB", "-c", "max_connections=40", "-c", "fsync=off"],
    env: [
      { name: "POSTGRES_PASSWORD", valueFrom: { secretKeyRef: { name: app, key: "postgres-password" } } },
      { name: "POSTGRES_DB", value: DATABASES[database] },
      { name: "PGDATA", value: "/var/lib/postgresql/data_14" },
    ],
    ports: [{ containerPort: 5432 }],
    ...POSTGRES_PROBES,
    volumeMounts: [{ name: "data", mountPath: "/var/lib/postgresql" }],
  };
  return [
    workload("StatefulSet", app, {
      serviceName: app,
      replicas: 1,
      template: pod(app, container, []),
      volumeClaimTemplates: [claim("data", "64Mi")],
    }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: app },
      spec: { selector: { app }, ports: [{ name: "postgresql", port: 5432 }] },
    },
  ];
};

const connection = (database: Database) => [
  { name: "PGHOST", value: server(database) },
  { name: "PGUSER", value: "postgres" },
  { name: "PGDATABASE", value: DATABASES[database] },
  { name: "PGCONNECT_TIMEOUT", value: "5" },
  ofPasswords("PGPASSWORD", `${database}-db-password`),
  ofPasswords("TOKEN_KEY", TOKEN_KEY),
];

const APP = { volume: { name: "app", configMap: { name: "app" } }, mount: { name: "app", mountPath: "/app" } };

/** A service: some pods that write to their database. */
const service = (database: Database, replicas: number) =>
  workload("Deployment", database, {
    replicas,
    template: pod(
      database,
      {
        name: database,
        command: ["bash", "/app/service.sh"],
        env: [{ name: "SERVICE", value: database }, ...connection(database)],
        volumeMounts: [APP.mount],
      },
      [APP.volume],
    ),
  });

const fileStorage = workload("StatefulSet", "file-storage", {
  serviceName: "file-storage",
  replicas: 1,
  template: pod(
    "file-storage",
    {
      name: "file-storage",
      command: ["bash", "/app/file-storage.sh"],
      workingDir: "/opt/chipster",
      env: connection("session-db"),
      volumeMounts: [APP.mount, { name: "storage", mountPath: "/opt/chipster/storage" }],
    },
    [APP.volume],
  ),
  volumeClaimTemplates: [claim("storage", "256Mi")],
});

const programs = () => {
  const folder = path.join(import.meta.dirname, "app");
  const data = Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), "utf8")]),
  );
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "app" }, data };
};

const secret = (name: string, stringData: Readonly<Record<string, string>>) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name },
  stringData,
});

/** Replicas of each service, as `values.yaml` would say them. */
export const REPLICAS: Readonly<Record<Database, number>> = { "session-db": 2, auth: 1, "job-history": 1 };

/** All that Chipster's chart makes of a values file and generated passwords. */
export const manifests = (
  passwords: Readonly<Record<string, string>>,
  databases: readonly Database[],
): readonly object[] => [
  secret("passwords", passwords),
  programs(),
  ...databases.flatMap((database) => [
    secret(server(database), { "postgres-password": String(passwords[`${database}-db-password`]) }),
    ...postgres(database),
    service(database, REPLICAS[database]),
  ]),
  fileStorage,
];
