import { JobError, type PostgresEntry } from "../../spec/index.ts";
import type { TargetFacts } from "./inspect-target.ts";
import { timescaleOf } from "./restore-timescale.ts";

/** How the data get there: beside the live ones and swapped, over them, or under a name that is free. */
export type RestoreMode = "replace" | "inPlace" | "elsewhere";

/** Everything that speaks against a restore, worst first; empty where nothing does. Pure. */
export const checkTarget = (entry: PostgresEntry, target: TargetFacts, mode: RestoreMode): readonly JobError[] => [
  ...versionProblems(entry, target),
  ...timescaleProblems(entry, target),
  ...rightsProblems(target),
  ...extensionProblems(entry, target),
  ...cronProblems(entry, target, mode),
  ...roomProblems(entry, target, mode),
  ...(mode === "replace" ? swapProblems(target) : []),
  ...(mode === "inPlace" ? preparedProblems(target) : []),
  ...(mode === "elsewhere" && target.live ? [notFree(target.live.properties.database)] : []),
];

/** What does not stop a restore, but a person should read. */
export const targetNotes = (entry: PostgresEntry, target: TargetFacts): readonly string[] => [
  ...(target.major < entry.server.major
    ? [`the target's server is older (${target.version}) than the one that was dumped (${entry.server.version})`]
    : []),
  ...(target.heldWalBytes > entry.databaseBytes
    ? [`replication slots keep ${target.heldWalBytes} bytes of WAL, and will keep what the restore writes`]
    : []),
  ...entry.extensions.flatMap(({ name, version }) => {
    const available = target.extensions.get(name);
    return version !== "" && available && !available.has(version)
      ? [
          `the extension ${name} was ${version}; the target will create its default version (it has ${[...available].sort().join(", ")})`,
        ]
      : [];
  }),
];

const versionProblems = ({ leastPgRestore, server }: PostgresEntry, { major, version }: TargetFacts): JobError[] =>
  leastPgRestore >= 17 && major < 17
    ? [
        new JobError(
          "wrong-version",
          `the dump of a ${server.version} server needs pg_restore ${leastPgRestore}, which cannot restore into a ${version} server`,
          `restore into a server of major ${leastPgRestore} or newer`,
        ),
      ]
    : [];

/**
 * TimescaleDB's own tables are in the dump, and only the version that wrote them reads them. The data may move to another
 * version, and to a newer server, once they are there.
 */
const timescaleProblems = (entry: PostgresEntry, target: TargetFacts): JobError[] => {
  const wanted = timescaleOf(entry);
  const available = target.extensions.get("timescaledb");
  if (!wanted || !available) return []; // what is missing altogether is said with the other extensions
  const refuse = (fact: string, hint: string) => [new JobError("wrong-version", fact, `${hint}; nothing was changed`)];
  if (wanted.version !== "" && !available.has(wanted.version)) {
    return refuse(
      `the dump was made with TimescaleDB ${wanted.version} on PostgreSQL ${entry.server.version}, and the target's server has TimescaleDB ${[...available].sort().join(", ")} on PostgreSQL ${target.version}`,
      `run the target with TimescaleDB ${wanted.version}, restore, and update it there (ALTER EXTENSION timescaledb UPDATE)`,
    );
  }
  if (target.major < entry.server.major) {
    return refuse(
      `the dump was made on PostgreSQL ${entry.server.version}, and the target's server is ${target.version}`,
      `a database with TimescaleDB goes to the same major or a newer one`,
    );
  }
  if (target.preloaded !== undefined && !target.preloaded.includes("timescaledb"))
    return refuse("the target's server does not preload TimescaleDB", "add it to shared_preload_libraries and restart");
  return target.timescaleLicense === "apache" && (entry.timescale?.continuousAggregates.length ?? 0) > 0
    ? refuse(
        `the dump holds continuous aggregates, and the target's TimescaleDB has the Apache edition, which has none`,
        "run the target with the edition under the Timescale licence",
      )
    : [];
};

const rightsProblems = ({ admin }: TargetFacts): JobError[] => {
  if (admin.createDatabase) return [];
  return [
    new JobError(
      "too-few-rights",
      `the role '${admin.user}' may not create or rename databases on the target`,
      `give the source an 'admin' login with CREATEDB (best: a superuser), or: ALTER ROLE "${admin.user}" CREATEDB`,
    ),
  ];
};

const extensionProblems = ({ extensions }: PostgresEntry, target: TargetFacts): JobError[] => {
  const missing = extensions.filter(({ name }) => !target.extensions.has(name));
  if (missing.length === 0) return [];
  return [
    new JobError(
      "missing-extension",
      `the target's server cannot create ${missing.map(({ name, version }) => `${name} ${version}`).join(", ")}`,
      "install the packages of these extensions on the target's server",
    ),
  ];
};

/** pg_cron can be created in one database of a server, the one that its configuration names. */
const cronProblems = ({ extensions }: PostgresEntry, target: TargetFacts, mode: RestoreMode): JobError[] => {
  const { cronDatabase, live } = target;
  if (!extensions.some(({ name }) => name === "pg_cron")) return [];
  if (mode === "inPlace" && live?.properties.database === cronDatabase) return [];
  return [
    new JobError(
      "cannot-swap",
      `the point holds pg_cron, which the target's server can create in database '${cronDatabase ?? ""}' only`,
      "restore onto that database with `into: { inPlace: {} }`",
    ),
  ];
};

/** Both copies exist until the superseded one goes; in place the old one goes first. */
const roomProblems = (
  { databaseBytes }: PostgresEntry,
  { freeBytes, live }: TargetFacts,
  mode: RestoreMode,
): JobError[] => {
  if (freeBytes === undefined) return [];
  const room = freeBytes + (mode === "inPlace" ? (live?.bytes ?? 0) : 0);
  if (room >= databaseBytes) return [];
  return [
    new JobError(
      "no-room",
      `the restored database needs about ${databaseBytes} bytes and the server's disk has ${room}`,
      mode === "inPlace"
        ? "free space on the server's disk"
        : "free space on the server's disk, drop superseded copies, or restore with `into: { inPlace: {} }`",
    ),
  ];
};

/** What stays with the old database when names are swapped, and would go silently with it. */
const swapProblems = ({ live, admin }: TargetFacts): JobError[] => {
  if (!live) return [];
  const { logicalSlots, subscriptions, cron, properties } = live;
  const what = [
    ...(logicalSlots.length > 0 ? [`the logical replication slots ${quoted(logicalSlots)}`] : []),
    ...(subscriptions.length > 0 ? [`the subscriptions ${quoted(subscriptions)}`] : []),
    ...(cron ? ["pg_cron and its jobs"] : []),
  ];
  return [
    ...preparedProblems({ live }),
    ...(what.length > 0
      ? [
          new JobError(
            "cannot-swap",
            `database '${properties.database}' has ${what.join(", ")}, which a swap cannot carry over`,
            "drop them first, or restore with `into: { inPlace: {} }`",
          ),
        ]
      : []),
    ...(admin.superuser || admin.memberOf.has(properties.owner)
      ? []
      : [
          new JobError(
            "too-few-rights",
            `the role '${admin.user}' may not rename database '${properties.database}', which belongs to '${properties.owner}'`,
            `GRANT "${properties.owner}" TO "${admin.user}", or name an 'admin' login that is a superuser`,
          ),
        ]),
  ];
};

const preparedProblems = ({ live }: Pick<TargetFacts, "live">): JobError[] =>
  live && live.preparedTransactions.length > 0
    ? [
        new JobError(
          "cannot-swap",
          `database '${live.properties.database}' has the prepared transactions ${quoted(live.preparedTransactions)}`,
          "commit or roll them back first (COMMIT PREPARED, ROLLBACK PREPARED)",
        ),
      ]
    : [];

const notFree = (database: string): JobError =>
  new JobError(
    "target-not-empty",
    `refusing to restore into database '${database}': it exists`,
    "choose a name that is free, or `into: { replace: {} }`",
  );

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");
