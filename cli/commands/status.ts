import type { FoundJob } from "../../launch/index.ts";
import {
  type CatalogPoint,
  type Criticality,
  ERROR_CODES,
  isProven,
  JobError,
  type LedgerEntry,
  newestDrill,
  onlyText,
  type Proof,
  type ResultOf,
  unhealthyCode,
} from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { findPlans } from "../find/find-plan.ts";
import type { Found } from "../find/found.ts";
import { duration, since, utc } from "../format.ts";
import type { Io } from "../io.ts";
import { objectsOf } from "../objects-of.ts";
import { readLedger } from "../restore/read-ledger.ts";
import { runQuietly } from "../run-job.ts";
import { nextRunsOf, scheduleText } from "../schedule-text.ts";
import { fields, heading, table } from "../table.ts";

interface PlanStatus {
  readonly plan: string;
  readonly environment: string;
  readonly points: number;
  readonly criticality: Criticality;
  readonly healthy: boolean;
  readonly checks: ResultOf<"check">["checks"];
  readonly newest?: string | undefined;
  readonly ageSeconds?: number | undefined;
  readonly proven?: string | undefined;
  /** The last drill of any point. */
  readonly drill?: Proof | undefined;
  readonly schedule: string;
  readonly nextRun?: string | undefined;
  readonly frozen: readonly string[];
  readonly restores: readonly LedgerEntry[];
  /** Jobs on the target, also such as ended while nobody listened. */
  readonly jobs: readonly FoundJob[];
}

/** Says in one screen how every plan is. */
export const status: Definition = {
  name: "status",
  summary: "say how every plan is: newest point, proofs, next run, restores",
  run: async (io, options): Promise<Outcome> => {
    const plans = await Promise.all((await findPlans(io, options)).map((found) => statusOf(io, found)));
    const healthy = plans.every((value) => value.healthy);
    return {
      json: { version: 1, ok: true, kind: "status", healthy, plans },
      text: plans.map((value) => statusText(io, value)).join("\n"),
      exit: exitOf(plans),
    };
  },
};

/** A critical plan that is not healthy counts more than any other. */
const exitOf = (plans: readonly PlanStatus[]): number => {
  const bad = plans.filter(({ healthy }) => !healthy);
  const worst = bad.find(({ criticality }) => criticality === "critical") ?? bad[0];
  return worst ? ERROR_CODES[unhealthyCode(worst)].exit : 0;
};

const statusOf = async (io: Io, found: Found): Promise<PlanStatus> => {
  const { repository, plan, declared, drills } = found;
  const schedule = declared?.schedule ?? { kind: "none" as const };
  const scope = { version: 1, repository, plan } as const;
  // Before our own jobs are there.
  const jobs = declared ? await io.remote.list(declared) : [];
  const [{ points }, { healthy, checks, newest, ageSeconds }] = await Promise.all([
    runQuietly(io, { kind: "catalog", ...scope, unverified: true }, found),
    runQuietly(io, { kind: "check", ...scope, schedule, drills, objects: objectsOf(declared) }, found),
  ]);
  return {
    plan: declared?.name ?? plan,
    environment: repository.environment,
    criticality: declared?.criticality ?? "critical",
    points: points.length,
    healthy,
    checks,
    newest,
    ageSeconds,
    proven: newestProven(points)?.id,
    drill: newestDrill(points),
    schedule: scheduleText(schedule),
    nextRun: nextRunsOf(schedule, io.now(), 1)[0]?.toISOString(),
    frozen: await frozenOf(io, found),
    restores: declared ? (await readLedger(io, found, { plan: declared })).restores : [],
    jobs,
  };
};

const newestProven = (points: readonly CatalogPoint[]): CatalogPoint | undefined =>
  points.toSorted((a, b) => (a.id > b.id ? -1 : 1)).find(isProven);

/** Whoever may only read sees the rest of the status all the same. */
const frozenOf = async (io: Io, found: Found): Promise<readonly string[]> => {
  const { repository, plan, declared } = found;
  if (!declared?.retention) return [];
  const { retention, schedule, leaseSeconds } = declared;
  const job = {
    kind: "prune",
    version: 1,
    repository,
    plan,
    retention,
    schedule,
    leaseSeconds,
    confirm: false,
  } as const;
  try {
    return (await runQuietly(io, job, found)).frozen;
  } catch (error) {
    if (error instanceof JobError) return [`it cannot be seen: ${error.fact}`];
    throw error;
  }
};

const statusText = (io: Io, value: PlanStatus): string => {
  const { newest, ageSeconds, restores } = value;
  const bad = value.checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
  return [
    fields(
      [
        ["plan", `${value.plan} (${value.environment}${value.criticality === "ordinary" ? ", not critical" : ""})`],
        ["health", value.healthy ? "healthy" : `NOT healthy\n${bad.join("\n")}`],
        ["newest", newest === undefined ? "none" : `${newest}, ${duration(ageSeconds ?? 0)} old, of ${value.points}`],
        ["proven", value.proven ?? "none yet: run `restorable verify --identity FILE`"],
        ["last drill", value.drill && drillText(io, value.drill)],
        ["schedule", value.schedule],
        ["next run", value.nextRun && `${utc(value.nextRun)}, ${since(new Date(value.nextRun), io.now())}`],
        ["pruning", value.frozen.length === 0 ? undefined : `FROZEN: ${value.frozen.join("\nFROZEN: ")}`],
      ],
      io,
    ),
    ...(restores.length === 0 ? [] : [heading("Restores", io), restoreTable(io, restores)]),
    ...(value.jobs.length === 0 ? [] : [heading("Jobs", io), jobTable(io, value.jobs)]),
  ].join("");
};

const drillText = (io: Io, { point, ok, at, drill }: Proof): string => {
  const when = `${point}, ${since(new Date(at), io.now())}`;
  if (!ok) return `FAILED: ${when}; \`restorable show ${point}\` says more`;
  return drill ? `${when}, restored in ${duration(drill.rtoSeconds)}` : when;
};

const STATES: Readonly<Record<FoundJob["state"], string>> = {
  runs: "runs: `restorable attach` follows it",
  ended: "ended: `restorable attach` says how",
  unstarted: "never started: `restorable attach` removes it",
};

const jobTable = (io: Io, jobs: readonly FoundJob[]): string =>
  table(
    [{ name: "ID" }, { name: "BEGUN" }, { name: "REQUEST" }, { name: "STATE" }],
    jobs.map(({ id, began, request = "", action, state }) => [
      id,
      utc(began),
      action === undefined ? request : `${request} (${action})`,
      STATES[state],
    ]),
    io,
  );

const restoreTable = (io: Io, restores: readonly LedgerEntry[]): string =>
  table(
    [{ name: "ID" }, { name: "BEGUN" }, { name: "FROM" }, { name: "STEP" }, { name: "RESULT" }, { name: "KEPT AS" }],
    restores.map(({ id, started, from, step, record, request: { only }, superseded }) => [
      id,
      utc(started),
      `${from.environment}/${from.plan} ${from.point ?? ""}${only ? `, ${onlyText(only)}` : ""}`.trim(),
      step,
      record === undefined ? "not ended: run `restorable resume`" : record.ok ? "ok" : (record.error?.code ?? "failed"),
      superseded.join(", "),
    ]),
    io,
  );
