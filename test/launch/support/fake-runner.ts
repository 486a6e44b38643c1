import type { RunJob, RunOptions } from "../../../launch/index.ts";
import { type Failure, type Job, JobError, type RestoreJob, type Result } from "../../../spec/index.ts";
import { record } from "./launches.ts";

const AT = "2026-11-21T10:00:00.000Z";
const common = { version: 1, ok: true, started: AT, finished: AT } as const;

type Action = RestoreJob["action"];

export interface FakeRunner {
  readonly runJob: RunJob;
  /** Kinds and actions, in the order in which they were asked for. */
  readonly calls: string[];
  readonly jobs: Job[];
  readonly options: RunOptions[];
  rollingBack: boolean;
  /** The step at which the journal stands. */
  step: string;
  /** Set for one action: it fails with this error. */
  readonly fails: Partial<Record<Action | "catalog", JobError>>;
  /** How often `recover` says that another process holds the journal, which finishes meanwhile. */
  busyLooks: number;
  closed: ReturnType<typeof record> | undefined;
  /** What the journal says of the application. */
  stopped: boolean;
  /** Called before each action answers. */
  before: (action: string) => void;
}

const OVER = ["finished", "undone", "rolled-back", "none"];
const COMPLETED = ["swapping", "swapped", "resumed", "rolling-back"];
const NEXT: Partial<Record<Action, string>> = {
  prepare: "hooked",
  quiescing: "quiescing",
  emptying: "swapping",
  swap: "swapped",
};

/** A runner that keeps a journal in memory and touches nothing: what it is asked, and in which order, is what tests see. */
export const fakeRunner = (selected: Sealed, step = "none"): FakeRunner => {
  const fake: FakeRunner = {
    calls: [],
    jobs: [],
    options: [],
    step,
    stopped: false,
    rollingBack: step === "rolling-back",
    fails: {},
    busyLooks: 0,
    closed: undefined,
    before: () => undefined,
    runJob: async (job, options) => {
      const name = job.kind === "restore" ? job.action : job.kind;
      fake.calls.push(name);
      fake.jobs.push(job);
      fake.options.push(options);
      fake.before(name);
      const failure = fake.fails[name as Action];
      if (failure) return failed(job.kind, failure);
      if (job.kind === "catalog") return catalog(selected);
      if (job.kind === "restore") {
        const isNew = name === "open" && fake.step === "none";
        return { ...act(fake, job), ...(isNew ? { selected: selectedOf(selected) } : {}) } as Result;
      }
      throw new Error(`not expected: ${job.kind}`);
    },
  };
  return fake;
};

const act = (fake: FakeRunner, job: RestoreJob): Result => {
  const { action } = job;
  if (action === "recover" && fake.busyLooks > 0) {
    fake.busyLooks -= 1;
    if (fake.busyLooks === 0) [fake.step, fake.closed] = ["finished", record(job, true)];
    return failed("restore", new JobError("busy", "another process holds the journal", "wait for it"));
  }
  if (action === "quiescing") fake.stopped = true;
  if (action === "finish") {
    const isMarked = fake.stopped && fake.closed !== undefined && OVER.includes(fake.step);
    fake.stopped = false;
    if (isMarked) return answer(fake);
  }
  // A rollback that was only announced is forgotten; one that had begun is completed.
  if (action === "quiescing" && fake.step === "finished") {
    fake.step = "rolling-back";
    return answer(fake);
  }
  fake.rollingBack ||= action === "rollback";
  if (action === "recover" && fake.step === "rolling-back" && !fake.rollingBack) fake.step = "finished";
  else if (action === "recover" && !OVER.includes(fake.step))
    fake.step = COMPLETED.includes(fake.step) ? "swapped" : "undone";
  else if (action === "finish") fake.step = fake.rollingBack ? "rolled-back" : "finished";
  else if (action === "rollback") fake.step = "swapped";
  else fake.step = NEXT[action] ?? fake.step;
  const ended = action === "finish" || (fake.step === "undone" && !fake.closed);
  const ok = action === "finish" && job.failure === undefined;
  if (ended && action !== "state" && action !== "open")
    fake.closed = { ...record(job, ok), ...(job.failure ? { error: job.failure } : {}) };
  return answer(fake);
};

const answer = ({ step, closed, stopped }: FakeRunner): Result => ({
  ...common,
  kind: "restore",
  step,
  ...(closed ? { record: closed } : {}),
  ...(stopped ? { stopped } : {}),
});

export const failed = (kind: string, { code, fact, hint }: JobError): Failure => ({
  version: 1,
  ok: false,
  kind,
  started: AT,
  finished: AT,
  error: { code, fact, hint },
});

interface Sealed {
  readonly identity: string;
  readonly recipients: readonly string[];
}

/** Only what the launcher reads of a point. */
const selectedOf = ({ identity, recipients }: Sealed) =>
  ({ identity, point: { id: POINT, manifest: { id: POINT, identity: { recipients } } } }) as never;

const catalog = (sealed: Sealed): Result => ({
  ...common,
  kind: "catalog",
  points: [],
  unreadable: [],
  selected: selectedOf(sealed),
});

export const POINT = "20261121T010000Z-7f3a";
