import { formatBytes } from "../launch/index.ts";
import type { Entry, FilesEntry, PostgresEntry, Source } from "../spec/index.ts";
import { integer } from "./format.ts";

/** What a source is, for people. */
export const liveText = (source: Source): string => {
  switch (source.kind) {
    case "postgres":
      return `database ${source.database} on ${source.host}:${source.port}`;
    case "files":
      return `directory ${source.directory}`;
    case "objects":
      return `objects of s3://${source.bucket}/${source.prefix}`;
  }
};

/** The name that what a restore replaces is kept under begins so. */
export const keptName = (source: Source): string => {
  switch (source.kind) {
    case "postgres":
      return source.database;
    case "files":
      return source.directory;
    case "objects":
      return `s3://${source.bucket}/${source.prefix}`;
  }
};

/** How much of a source a point holds. */
export const contentText = (entry: Entry): string => {
  switch (entry.kind) {
    case "postgres":
      return [`${integer(entry.rows)} rows in ${integer(entry.counts.length)} tables`, removedText(entry)]
        .filter(Boolean)
        .join("; ");
    case "files":
      return [`${integer(entry.counts.files)} files, ${formatBytes(entry.counts.bytes)}`, addedText(entry)]
        .filter(Boolean)
        .join("; ");
    case "objects":
      return `${integer(entry.counts.objects)} objects, ${formatBytes(entry.counts.bytes)}; ${
        entry.store === "versions" ? "named by their versions" : `${integer(entry.copied.objects)} copied now`
      }`;
  }
};

/** What `vacuumlo` did before the dump; nothing where the plan did not want it. */
export const removedText = ({ removedLargeObjects }: PostgresEntry): string | undefined =>
  removedLargeObjects === undefined
    ? undefined
    : `${integer(removedLargeObjects)} unreferenced large objects removed before the dump`;

/** What lies in chunks; nothing where the database has no TimescaleDB. */
export const timescaleText = ({ timescale }: PostgresEntry): string | undefined =>
  timescale &&
  [
    `${integer(timescale.hypertables.length)} hypertables with ${integer(timescale.hypertables.reduce((sum, { chunks }) => sum + chunks, 0))} chunks`,
    `${integer(timescale.continuousAggregates.length)} continuous aggregates`,
    `TimescaleDB's licence is ${timescale.license}`,
  ].join(", ");

/** What an incremental source added to the repository. */
export const addedText = ({ snapshot }: FilesEntry): string | undefined =>
  snapshot && `${formatBytes(snapshot.addedBytes)} added`;
