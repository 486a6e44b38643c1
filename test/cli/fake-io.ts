import type { Io } from "../../cli/io.ts";
import { run } from "../../cli/program.ts";
import type { StackState } from "../../cli/pulumi/stacks.ts";
import type { FoundJob, Run } from "../../launch/index.ts";
import { freshness } from "../../runner/check/freshness.ts";
import { selectExpired } from "../../runner/prune/policy.ts";
import {
  type CatalogPoint,
  type Job,
  JobError,
  type LedgerEntry,
  type OldObject,
  type OrphanReport,
  type PointSelector,
  type Request,
  type Result,
} from "../../spec/index.ts";
import { examplePlan, examplePoint, exampleProof } from "../spec/examples.ts";

export const NOW = new Date("2026-11-21T13:00:00Z");
export const POINT = "20261121T010000Z-7f3a";

/** What the world of a test looks like. */
export interface World {
  readonly points?: readonly CatalogPoint[];
  readonly old?: readonly OldObject[];
  readonly restores?: readonly LedgerEntry[];
  readonly plans?: readonly object[];
  /** More resources of the stack's state. */
  readonly resources?: StackState["resources"];
  /** Answers of the operator; without it nobody can be asked. */
  readonly answer?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Fails jobs of a kind. */
  readonly failing?: Partial<Record<Job["kind"], JobError>>;
  readonly terminal?: boolean;
  /** Jobs that outlived their launchers. */
  readonly left?: readonly FoundJob[];
  /** What a target knows of runs. @default nothing */
  readonly runs?: readonly Run[];
  /** What a `pulumi up` does to the state. */
  readonly up?: (request: Request) => { ok: boolean; resources: StackState["resources"] };
  readonly cwd?: string;
  /** Whether what a verify reads is good. */
  readonly good?: boolean;
  /** What comparing rows with objects finds. */
  readonly reports?: readonly OrphanReport[];
}

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
  /** `out` as JSON. */
  readonly json: () => Record<string, unknown>;
  readonly jobs: readonly Job[];
  /** Secrets that were handed over with each job. */
  readonly secrets: readonly Readonly<Record<string, string | undefined>>[];
  readonly written: readonly Request[];
  readonly asked: readonly string[];
}

/** Runs one command line against a stack of one plan with one point, or what the test says instead. */
export const restorable = async (args: readonly string[], world: World = {}): Promise<Ran> => {
  const [out, err, asked]: [string[], string[], string[]] = [[], [], []];
  const jobs: Job[] = [];
  const secrets: Ran["secrets"][number][] = [];
  const written: Request[] = [];
  let resources = stateOf(world);
  const io: Io = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    terminal: world.terminal ?? false,
    columns: 80,
    color: false,
    width: undefined,
    ask:
      world.answer === undefined
        ? undefined
        : async (question) => {
            asked.push(question);
            return world.answer as string;
          },
    env: world.env ?? {},
    cwd: world.cwd ?? "/srv/operator",
    now: () => NOW,
    signal: new AbortController().signal,
    runnerOn: () => async (job, options) => {
      jobs.push(job);
      secrets.push(options.secrets);
      options.onProgress({ type: "step", at: NOW.toISOString(), step: job.kind, text: `${job.kind} begins` });
      return answerOf(world, job);
    },
    remote: {
      list: async () => world.left ?? [],
      attach: async (_plan, id) => {
        const job = world.left?.find((each) => each.id === id || each.request === id);
        if (!job) throw new JobError("unknown-plan", `there is no job '${id}'`, "jobs there: none");
        return { job, result: answerOf(world, { kind: job.kind } as Job) };
      },
      runs: async () => world.runs ?? [],
      log: async (_plan, id) => [`what ${id ?? "the newest run"} said`],
    },
    onPlaced: () => undefined,
    stacks: {
      read: async ({ stack = "packit-uat" }) => ({ stack, resources }),
      writeRequest: async (_, request) => void written.push(request),
      upRestore: async () => {
        const end = world.up?.(written.at(-1) as Request) ?? { ok: true, resources: [] };
        resources = [...resources, ...end.resources];
        return end.ok;
      },
    },
  };
  const exit = await run(io, args);
  const text = out.join("");
  return { exit, out: text, err: err.join(""), json: () => JSON.parse(text), jobs, secrets, written, asked };
};

const stateOf = ({ plans = [examplePlan()], resources = [] }: World): StackState["resources"] => [
  ...plans.map((spec) => ({
    urn: "urn:pulumi:packit-uat::backups::restorable:index:BackupPlan::packit",
    type: "restorable:index:BackupPlan",
    outputs: { spec, secrets: { PACKIT_PASSWORD: "hunter2" } },
  })),
  ...resources,
];

const DONE = { version: 1, ok: true, started: NOW.toISOString(), finished: NOW.toISOString() } as const;

const answerOf = (world: World, job: Job): Result => {
  const failure = world.failing?.[job.kind];
  if (failure) {
    const { code, fact, hint } = failure;
    return { ...DONE, ok: false, kind: job.kind, error: { code, fact, hint } };
  }
  const points = [...(world.points ?? [examplePoint(POINT, { proofs: [true] })])];
  const selectedBy = ({ point: wanted }: { readonly point?: PointSelector | undefined } = {}) => {
    const point = wanted === "latest" ? points[0] : points.find(({ id }) => id === wanted);
    return point === undefined ? {} : { selected: { point, identity: "" } };
  };
  switch (job.kind) {
    case "backup": {
      const { manifest } = points[0] ?? examplePoint(POINT);
      return { ...DONE, kind: "backup", manifest, removedLeftovers: 0, warnings: [] };
    }
    case "catalog": {
      const old = job.layout && { old: [...(world.old ?? [])] };
      return { ...DONE, kind: "catalog", points, unreadable: [], ...old, ...selectedBy(job) };
    }
    case "check":
      return { ...DONE, kind: "check", ...freshness({ points, schedule: job.schedule, drills: job.drills, now: NOW }) };
    case "prune": {
      const { frozen, decisions } = selectExpired({
        points,
        retention: job.retention,
        schedule: job.schedule,
        now: NOW,
      });
      const how = job.confirm ? "deleted" : "dry-run";
      return { ...DONE, kind: "prune", frozen: [...frozen], decisions: [...decisions], acted: job.confirm, how };
    }
    case "mark":
      return { ...DONE, kind: "mark", key: `marks/${job.point}/x-${job.mark}.json` };
    case "ledger":
      return { ...DONE, kind: "ledger", restores: [...(world.restores ?? [])], ...selectedBy(job.find) };
    case "verify":
      return {
        ...DONE,
        kind: "verify",
        point: POINT,
        proof: exampleProof(POINT, world.good ?? true, NOW.toISOString()),
      };
    case "drill": {
      const ok = world.good ?? true;
      const drill = { rtoSeconds: 12.5, rpoSeconds: 43_200, server: "17.6" };
      const proof = { ...exampleProof(POINT, ok, NOW.toISOString()), kind: "drill" as const, drill };
      const error = { code: "corrupt" as const, fact: "the drill failed: db: dump", hint: "take a new backup" };
      return {
        ...DONE,
        kind: "drill",
        point: POINT,
        proof,
        notes: ["created the role 'app'"],
        ...(ok ? {} : { error }),
      };
    }
    case "inspect": {
      const healthy = world.good ?? true;
      const detail = healthy
        ? "a dump of PostgreSQL 15.4, 1000 bytes as SQL"
        : `${job.key} is not whole: it ends early`;
      return { ...DONE, kind: "inspect", healthy, checks: [{ name: job.key, ok: healthy, detail }], bytes: 1000 };
    }
    case "orphans":
      return { ...DONE, kind: "orphans", healthy: world.reports === undefined, reports: [...(world.reports ?? [])] };
    case "copy": {
      const problems = world.good === false ? [{ point: POINT, fact: "its dump has another SHA-256" }] : [];
      const copied = problems.length > 0 ? [] : [...(job.points ?? [])];
      return {
        ...DONE,
        kind: "copy",
        healthy: problems.length === 0,
        present: 0,
        copied,
        left: [],
        problems,
        bytes: 1000,
      };
    }
    case "bucket":
    case "open":
    case "restore":
      throw new JobError("bug", `a test did not expect a ${job.kind} job`, "say what it answers");
  }
};
