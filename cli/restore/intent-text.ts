import { formatBytes } from "../../launch/index.ts";
import { type Check, modeOf, oldSources, onlyText, recreatedClaims, type Source, stoppedBy } from "../../spec/index.ts";
import { checkTable } from "../check-table.ts";
import { since, utc } from "../format.ts";
import type { Io } from "../io.ts";
import { pointState } from "../point-state.ts";
import { keptName, liveText } from "../source-text.ts";
import { fields, heading } from "../table.ts";
import { confirmText, type Intent, takenSources } from "./intent.ts";
import { doubts } from "./intent-checks.ts";

/** What will happen, for the eyes of whoever confirms it. */
export const intentText = (io: Io, intent: Intent, checks: readonly Check[]): string => {
  const { plan, request } = intent;
  return [
    fields(
      [
        ["restore", request.id],
        ...origin(io, intent),
        ["onto", confirmText(plan)],
        [
          "does",
          takenSources(intent)
            .map((source) => act(intent, source))
            .join("\n"),
        ],
        ["DELETES", deletes(intent)],
        ["stops", stops(intent)],
        ["keeps", keeps(intent)],
        ["warning", doubts(intent).join("\n")],
        ["afterwards", neutralised(intent)],
      ],
      io,
    ),
    heading("Checks", io),
    checkTable(io, checks),
    "\n",
  ].join("");
};

const origin = (io: Io, { taken, from, plan, request }: Intent): readonly (readonly [string, string])[] => {
  const whose = `${from.repository.environment}/${from.plan}`;
  if (taken.kind === "point") {
    const { id, manifest, storedBytes } = taken.point;
    return [
      ["from", `${whose}, point ${id}`],
      ["taken", `${utc(manifest.started)}, ${since(new Date(manifest.started), io.now())}`],
      ["size", `${formatBytes(storedBytes)} stored`],
      ["state", pointState(taken.point).join(", ") || "unproven"],
    ];
  }
  const objects = taken.objects.filter(({ kind }) => oldSources(plan, request, kind).length > 0);
  const [asked] = taken.objects;
  return [
    [
      "from",
      `the repository of ${whose}, old ${objects.map(({ key }) => `object ${key}`).join("\nand of the same run ")}`,
    ],
    ["taken", `${asked?.time.replace("T", " ")} by the clock of ${asked?.host ?? "its writer"}: its name has no zone`],
    ["size", `${formatBytes(objects.reduce((sum, { bytes }) => sum + bytes, 0))} stored`],
  ];
};

/** Where an old object comes from is not known, so it counts as another environment's. */
const neutralised = ({ taken, from, plan }: Intent): string | undefined => {
  if (taken.kind === "old") return `as ${NEUTRALISED}`;
  return from.repository.environment === plan.repository.environment ? undefined : NEUTRALISED;
};

const NEUTRALISED =
  "from another environment: subscriptions are disabled, cron jobs off, credentials of foreign servers dropped";

const isElsewhere = ({ request }: Intent): boolean => modeOf(request) === "elsewhere";

const act = ({ request: { into, only } }: Intent, source: Source): string => {
  const picked = only ? `, with only ${onlyText(only)}` : "";
  if (into.database !== undefined) {
    return `creates the database ${into.database}${source.kind === "postgres" ? ` on ${source.host}:${source.port}` : ""}${picked}`;
  }
  if (into.directory !== undefined) return `creates the directory ${into.directory}${picked}`;
  if (into.volume !== undefined) return `fills the new volume ${into.volume}${picked}`;
  if (only) return `puts back ${onlyText(only)} in ${liveText(source)}; everything else there stays`;
  return into.inPlace ? `OVERWRITES ${liveText(source)}` : `replaces ${liveText(source)}`;
};

const deletes = ({ request }: Intent): string | undefined => {
  const claims = recreatedClaims(request);
  return claims.length === 0 ? undefined : `the volume of ${claims.join(" and ")}, which is made anew, empty`;
};

const stops = (intent: Intent): string => {
  const stopped = isElsewhere(intent) ? [] : stoppedBy(intent.plan.quiesce);
  return stopped.length === 0 ? "nothing" : stopped.join("\n");
};

const keeps = (intent: Intent): string => {
  if (isElsewhere(intent)) return "everything: nothing is replaced";
  if (modeOf(intent.request) === "inPlace") return "a verified safety backup, taken first";
  const what = intent.request.only ? "what stands in their place now, in" : "what is there now, as";
  return takenSources(intent)
    .map((source) => `${what} ${keptName(source)}_org_<time>`)
    .join("\n");
};
