import type { CatalogPoint, Manifest, Mark, Proof } from "../../spec/index.ts";

const RECIPIENT = `age1${"q".repeat(58)}`;
const KEY = `${"A".repeat(43)}=`;

/** A complete plan as JSON: every test may change its copy. */
export const examplePlan = () => ({
  version: 1,
  project: "backups",
  stack: "packit-uat",
  name: "packit",
  target: { kind: "local", ledger: "/var/lib/restorable", scratch: "/var/tmp" },
  sources: [
    {
      kind: "postgres",
      name: "db",
      host: "packit-db",
      port: 5433,
      database: "packit",
      login: { user: "packituser", password: { kind: "env", name: "PACKIT_PASSWORD" } },
      admin: { user: "postgres", password: { kind: "file", path: "/run/secrets/admin" } },
      tls: { mode: "verify-full", ca: "/etc/ssl/ca.pem" },
    },
    { kind: "files", name: "outpack", directory: "/srv/outpack", exclude: ["*.tmp"], allowEmpty: true },
  ],
  repository: {
    environment: "uat",
    location: {
      kind: "s3",
      bucket: "backups",
      prefix: "montagu",
      endpoint: "https://s3.example.org",
      credentials: {
        writer: {
          accessKeyId: { kind: "env", name: "AWS_ACCESS_KEY_ID" },
          secretAccessKey: { kind: "env", name: "AWS_SECRET_ACCESS_KEY" },
        },
      },
    },
    trusted: [KEY],
    signingKey: { kind: "env", name: "SIGNING_KEY" },
  },
  schedule: { kind: "cron", cron: "@daily", timeZone: "Europe/London" },
  retention: { keepDaily: 14, keepMonthly: 12, keepWithin: "P7D", minimum: 3 },
  recipients: [RECIPIENT],
  shrinkBelow: 0.5,
  quiesce: {
    stop: [["docker", "stop", "packit"]],
    start: [["docker", "start", "packit"]],
    probe: ["curl", "localhost"],
  },
  hooks: { afterRestore: [["./migrate"]] },
  protected: true,
  superseded: { days: 14 },
  leaseSeconds: 90,
});

export const exampleRequest = () => ({
  id: "2026-11-21-uat-refresh",
  plan: "packit",
  from: { environment: "prod", plan: "packit" },
  point: { before: "2026-11-20T18:00:00+01:00" },
  into: { replace: {} },
  sources: ["db"],
  confirm: "backups/packit-uat/packit",
  reason: "weekly refresh",
  unverified: false,
});

export const exampleManifest = (id = "20261121T010000Z-7f3a"): Manifest => {
  const started = `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}T${id.slice(9, 11)}:${id.slice(11, 13)}:${id.slice(13, 15)}Z`;
  const artifact = { sha256: "0".repeat(64), compression: "zstd", encryption: "age" } as const;
  return {
    version: 1,
    id,
    plan: "packit",
    environment: "uat",
    project: "backups",
    stack: "packit-uat",
    host: "production2",
    started,
    finished: new Date(Date.parse(started) + 90_000).toISOString(),
    moment: "database-first",
    tools: { restorable: "0.1.0", pg_dump: "17.6" },
    sources: [
      {
        kind: "postgres",
        name: "db",
        host: "packit-db",
        port: 5432,
        database: "packit",
        server: { version: "17.6", major: 17 },
        leastPgRestore: 17,
        extensions: [{ name: "hstore", version: "1.8", schema: "public" }],
        encoding: "UTF8",
        settings: {},
        snapshot: { at: started, lsn: "0/1949A20" },
        databaseBytes: 1_073_741_824,
        counts: [
          { schema: "public", table: "accounts", rows: 1_000_000 },
          { schema: "public", table: "empty", rows: 0 },
        ],
        countedBy: "snapshot",
        rows: 1_000_000,
        largeObjects: 3,
        artifacts: [
          {
            ...artifact,
            role: "dump",
            key: `artifacts/${id}/db.dump.zst.age`,
            bytes: 150_000_000,
            format: "pg-custom",
          },
          { ...artifact, role: "globals", key: `artifacts/${id}/db.globals.sql.zst.age`, bytes: 1_200, format: "sql" },
        ],
      },
      {
        kind: "files",
        name: "outpack",
        directory: "/srv/outpack",
        started,
        finished: started,
        counts: { files: 10_000, directories: 12, symlinks: 3, hardLinks: 1, other: 0, bytes: 52_428_800 },
        changed: [],
        artifacts: [
          { ...artifact, role: "files", key: `artifacts/${id}/outpack.tar.zst.age`, bytes: 20_000_000, format: "tar" },
        ],
      },
    ],
    identity: {
      key: `artifacts/${id}/identity.age`,
      recipient: RECIPIENT,
      recipients: [RECIPIENT],
      bytes: 300,
      sha256: "0".repeat(64),
    },
    flags: [],
    plannedSources: examplePlan().sources,
    commands: [
      "age -d -i operator.key identity.age > point.key",
      "age -d -i point.key db.dump.zst.age | zstd -d | pg_restore -d packit",
    ],
  };
};

interface PointOptions {
  readonly signature?: CatalogPoint["signature"];
  readonly extraVersions?: number;
  readonly flagged?: boolean;
  readonly marks?: readonly Mark["kind"][];
  /** Results of verifies, oldest first. */
  readonly proofs?: readonly boolean[];
  readonly proofSignature?: CatalogPoint["signature"];
}

/** A good recovery point, but for what is said. */
export const examplePoint = (id: string, options: PointOptions = {}): CatalogPoint => {
  const manifest = exampleManifest(id);
  const at = (minutes: number) => new Date(Date.parse(manifest.finished) + minutes * 60_000).toISOString();
  return {
    id,
    manifest: { ...manifest, flags: options.flagged ? [{ code: "shrunk", fact: "rows fell from 9 to 1" }] : [] },
    signature: options.signature ?? "valid",
    extraVersions: options.extraVersions ?? 0,
    marks: (options.marks ?? []).map((kind, index) => exampleMark(id, kind, at(index + 1))),
    proofs: (options.proofs ?? []).map((ok, index) => ({
      proof: exampleProof(id, ok, at(index + 1)),
      signature: options.proofSignature ?? "valid",
    })),
    storedBytes: 170_001_500,
  };
};

export const exampleMark = (point: string, kind: Mark["kind"], at: string): Mark => ({
  version: 1,
  kind,
  point,
  at,
  by: "operator",
  reason: "because",
});

export const exampleProof = (point: string, ok: boolean, at: string): Proof => ({
  version: 1,
  kind: "verify",
  point,
  at,
  ok,
  checks: [{ name: "db: dump", ok, detail: "read to its end" }],
  bytes: 150_000_000,
  seconds: 4,
  by: "prover",
});
