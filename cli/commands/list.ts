import { formatBytes } from "../../launch/index.ts";
import type { CatalogPoint, OldObject } from "../../spec/index.ts";
import { ERROR_CODES } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { findPlan } from "../find/find-plan.ts";
import { locationText } from "../find/location.ts";
import { duration, integer, utc } from "../format.ts";
import type { Io } from "../io.ts";
import { contents, pointState } from "../point-state.ts";
import { runQuietly } from "../run-job.ts";
import { table } from "../table.ts";

/** Lists recovery points. */
export const list: Definition = {
  name: "list",
  summary: "list the recovery points, newest first",
  run: async (io, options): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const { repository, plan, declared } = found;
    const layout = declared?.layout && { layout: declared.layout };
    const job = { kind: "catalog", version: 1, repository, plan, ...layout, unverified: true } as const;
    const result = await runQuietly(io, job, found);
    const points = result.points.toSorted((a, b) => (a.id > b.id ? -1 : 1));
    const unreadable = result.unreadable.map(({ key, reason }) => `unreadable: ${key}: ${reason}\n`).join("");
    const place = locationText(repository.location);
    const none = `there is no recovery point of ${repository.environment}/${plan} in ${place}; take one with \`restorable backup\`\n`;
    return {
      json: { ...result, points },
      text: (points.length === 0 ? none : pointTable(io, points)) + oldTable(io, result.old ?? []) + unreadable,
      ...(unreadable === "" ? {} : { exit: ERROR_CODES.unhealthy.exit }),
    };
  },
};

const COLUMNS = [
  { name: "POINT" },
  { name: "BEGUN" },
  { name: "AGE", align: "right" },
  { name: "TOOK", align: "right" },
  { name: "STORED", align: "right" },
  { name: "ROWS", align: "right" },
  { name: "FILES", align: "right" },
  { name: "STATE" },
] as const;

const pointTable = (io: Io, points: readonly CatalogPoint[]): string =>
  table(
    COLUMNS,
    points.map((point) => {
      const { started, finished } = point.manifest;
      const { rows, files } = contents(point);
      const seconds = (from: string, to: number) => (to - Date.parse(from)) / 1000;
      return [
        point.id,
        utc(started),
        duration(seconds(started, io.now().getTime())),
        duration(seconds(started, Date.parse(finished))),
        formatBytes(point.storedBytes),
        rows === undefined ? "" : integer(rows),
        files === undefined ? "" : integer(files),
        pointState(point).join(", "),
      ];
    }),
    io,
  );

const OLD_COLUMNS = [
  { name: "OLD OBJECT" },
  { name: "TIME IN ITS NAME" },
  { name: "HOST" },
  { name: "STORED", align: "right" },
  { name: "PAIRS WITH" },
] as const;

/** What an older tool stored; the time has no zone. */
const oldTable = (io: Io, old: readonly OldObject[]): string =>
  old.length === 0
    ? ""
    : table(
        OLD_COLUMNS,
        old
          .toReversed()
          .map(({ key, time, host, bytes, pairs }) => [
            key,
            time.replace("T", " "),
            host ?? "",
            formatBytes(bytes),
            pairs.join(", "),
          ]),
        io,
      );
