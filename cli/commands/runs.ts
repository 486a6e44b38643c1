import type { Run } from "../../launch/index.ts";
import { type CatalogPoint, JobError } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { findPlan } from "../find/find-plan.ts";
import type { Found } from "../find/found.ts";
import { duration, utc } from "../format.ts";
import type { Io } from "../io.ts";
import { keptLog } from "../restore/kept-log.ts";
import { runQuietly } from "../run-job.ts";
import { nextRunsOf, scheduleText } from "../schedule-text.ts";
import { fields, table } from "../table.ts";

const STATES = ["succeeded", "failed", "running"] as const;

type Options = Partial<Record<(typeof STATES)[number], boolean>>;

/** Lists the runs of a plan: those that its target knows of, and of older ones the points that they took. */
export const runs: Definition<Options> = {
  name: "runs",
  summary: "list what ran, newest first: by the schedule and by hand, what failed as well",
  options: (command) =>
    command
      .option("--succeeded", "only those that took a point")
      .option("--failed", "only those that failed")
      .option("--running", "only those that run now"),
  run: async (io, options): Promise<Outcome> => {
    const wanted = STATES.filter((state) => options[state]);
    const all = await runsOf(io, await findPlan(io, options));
    const shown = all.filter(({ state }) => wanted.length === 0 || wanted.includes(state));
    const none = `no run ${wanted.length === 0 ? "is known" : `is known that ${wanted.join(" or ")}`}\n`;
    return {
      json: { version: 1, ok: true, kind: "runs", runs: shown },
      text: shown.length === 0 ? none : runTable(io, shown),
    };
  },
};

/** Says when the next run begins, and how the last one ended. */
export const next: Definition = {
  name: "next",
  summary: "say when the next run begins, and when and how the last one ended",
  run: async (io, options): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const schedule = found.declared?.schedule ?? { kind: "none" as const };
    const [last] = (await runsOf(io, found)).filter(({ state }) => state !== "running");
    const at = nextRunsOf(schedule, io.now(), 1)[0]?.toISOString();
    return {
      json: { version: 1, ok: true, kind: "next", schedule, ...(at === undefined ? {} : { next: at }), last },
      text: fields(
        [
          ["schedule", scheduleText(schedule)],
          ["next run", at === undefined ? "only when somebody asks" : utc(at)],
          ["last run", last ? `${utc(last.began)}: ${last.state}` : "none is known"],
          ["", last?.point],
          ["", last?.error],
        ],
        io,
      ),
    };
  },
};

/** Prints what one run has logged, or a stack's last restore. */
export const logs: Definition = {
  name: "logs [run]",
  summary: "print what one run has logged, or the stack's last restore by its request's id (default: the newest run)",
  run: async (io, options, run): Promise<Outcome> => {
    const { declared, plan, stack } = await findPlan(io, options);
    if (!declared) {
      const hint = "name a --stack, or give --target FILE with the plan";
      throw new JobError("bad-config", `the repository does not say where '${plan}' runs`, hint);
    }
    const kept = stack === undefined || run === undefined ? undefined : await keptLog(io, options, run);
    const lines = kept ?? (await io.remote.log(declared, run));
    return {
      json: { version: 1, ok: true, kind: "logs", ...(run === undefined ? {} : { run }), lines },
      text: lines.map((line) => `${line}\n`).join(""),
    };
  },
};

/** Newest first. */
const runsOf = async (io: Io, found: Found): Promise<readonly Run[]> => {
  const { repository, plan, declared } = found;
  // Before our own job is there.
  const known = declared ? await io.remote.runs(declared) : [];
  const job = { kind: "catalog", version: 1, repository, plan, unverified: true } as const;
  const { points } = await runQuietly(io, job, found);
  return [...withPoints(known, points)].sort((a, b) => (a.began < b.began ? 1 : -1));
};

/** A point belongs to the run that named it, or within whose time it was taken; of an older one nothing else is left. */
const withPoints = (known: readonly Run[], points: readonly CatalogPoint[]): readonly Run[] => {
  const free = new Map(points.map(({ id, manifest }) => [id, manifest]));
  for (const { point } of known) if (point !== undefined) free.delete(point);
  const named = known.map((run) => {
    if (run.point !== undefined || run.state === "failed") return run;
    const own = [...free.values()].find(
      ({ started, finished }) => run.began <= later(started) && finished <= (run.ended ?? ""),
    );
    if (own) free.delete(own.id);
    return own ? { ...run, point: own.id } : run;
  });
  const older = [...free.values()].map(
    ({ id, started, finished }): Run => ({ id, state: "succeeded", began: started, ended: finished, point: id }),
  );
  return [...named, ...older];
};

/** A cluster knows whole seconds. */
const later = (instant: string): string => new Date(Date.parse(instant) + 1000).toISOString();

const COLUMNS = [
  { name: "RUN" },
  { name: "BEGAN" },
  { name: "TOOK", align: "right" },
  { name: "BY" },
  { name: "STATE" },
  { name: "POINT" },
  { name: "WHY" },
] as const;

const runTable = (io: Io, shown: readonly Run[]): string =>
  table(
    COLUMNS,
    shown.map(({ id, began, ended, by, state, point, error }) => [
      id,
      utc(began),
      ended === undefined ? "" : duration((Date.parse(ended) - Date.parse(began)) / 1000),
      by ?? "",
      state,
      point ?? "",
      error ?? "",
    ]),
    io,
  );
