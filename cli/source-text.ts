import { formatBytes } from "../launch/index.ts";
import type { Entry, Source } from "../spec/index.ts";
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
      return `${integer(entry.rows)} rows in ${integer(entry.counts.length)} tables`;
    case "files":
      return `${integer(entry.counts.files)} files, ${formatBytes(entry.counts.bytes)}`;
    case "objects":
      return `${integer(entry.counts.objects)} objects, ${formatBytes(entry.counts.bytes)}; ${
        entry.store === "versions" ? "named by their versions" : `${integer(entry.copied.objects)} copied now`
      }`;
  }
};
