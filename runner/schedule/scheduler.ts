import { checkOf, JobError, type Plan, pointTime, type SchedulerState } from "../../spec/index.ts";
import { type CronSchedule, isMissed, nextRun } from "./next-run.ts";
import { oneRun, type RunEnd } from "./one-run.ts";
import { failedText, tryAgainAt } from "./try-again.ts";
import { BEAT, type SchedulerWorld } from "./world.ts";

/** How often a catalog is asked for that cannot be read, and how many milliseconds apart: a host that boots starts its stores too. */
const LOOKS = 5;
const LOOK_EVERY = 30_000;

/**
 * Runs a plan by its schedule until it is told to stop. One run at a time: what is due during a run is left out. A run
 * that was missed while nobody ran it is taken up once.
 * @throws JobError `network-lost` when only a new start can reach the application again
 */
export const runScheduler = async (world: SchedulerWorld, plan: Plan): Promise<void> => {
  const scheduler = new Scheduler(world, plan);
  await scheduler.run();
};

class Scheduler {
  readonly #world: SchedulerWorld;
  readonly #plan: Plan;
  readonly #schedule: CronSchedule;
  #state: SchedulerState;
  #failures = 0;

  constructor(world: SchedulerWorld, plan: Plan) {
    if (plan.schedule.kind !== "cron") throw new Error("a plan without a schedule needs no scheduler");
    this.#world = world;
    this.#plan = plan;
    this.#schedule = plan.schedule;
    this.#state = { version: 1, plan: `${plan.project}/${plan.stack}/${plan.name}`, at: world.now().toISOString() };
  }

  async run(): Promise<void> {
    const { signal, now, report } = this.#world;
    await this.#beat({});
    let next = (await this.#wasMissed()) ? now() : this.#nextRun();
    while (!signal.aborted) {
      report.step("schedule", `the next run begins at ${next.toISOString()}`);
      await this.#until(next);
      if (signal.aborted) return;
      const end = await this.#takeRun();
      next = this.#after(end);
    }
  }

  async #wasMissed(): Promise<boolean> {
    const { now, report, signal } = this.#world;
    for (let looks = 1; looks <= LOOKS && !signal.aborted; looks += 1) {
      const result = await this.#alive(this.#world.runJob(checkOf(this.#plan), signal));
      if (result.ok && result.kind === "check") {
        const newest = result.newest === undefined ? undefined : pointTime(result.newest);
        const missed = isMissed(this.#schedule, newest, now());
        if (missed) report.warning(`a run was missed: the newest point is ${result.newest}; it is taken up now`);
        return missed;
      }
      if (looks < LOOKS) await this.#until(new Date(now().getTime() + LOOK_EVERY));
    }
    return false;
  }

  #nextRun(): Date {
    return nextRun(this.#schedule, this.#world.now(), this.#world.random);
  }

  /** The next run of the schedule, or an earlier try. */
  #after(end: RunEnd): Date {
    const due = this.#nextRun();
    this.#failures = end.ok ? 0 : this.#failures + 1;
    const again = tryAgainAt(end, this.#failures, this.#world.now());
    return again !== undefined && again < due ? again : due;
  }

  async #takeRun(): Promise<RunEnd> {
    const { now, report } = this.#world;
    const started = now().toISOString();
    report.step("run", `a run begins that was due by '${this.#schedule.cron}' in ${this.#schedule.timeZone}`);
    const { next: _next, ...state } = this.#state;
    this.#state = { ...state, running: started };
    await this.#beat({}); // a run that is shorter than the time between two signs of life is seen too
    // A job whose namespace has gone would wait for answers until its connections time out.
    const lost = new AbortController();
    const run = oneRun(this.#world, this.#plan, AbortSignal.any([this.#world.signal, lost.signal]));
    const end = await this.#alive(run, () => {
      if (this.#world.network() !== "joined") lost.abort();
    });
    if (!end.ok) report.warning(failedText(end));
    const { running: _running, ...idle } = this.#state;
    this.#state = { ...idle, last: end };
    return end;
  }

  /** Waits, with signs of life, until an instant or until the scheduler is told to stop. */
  async #until(instant: Date): Promise<void> {
    const { now, signal, wait } = this.#world;
    for (;;) {
      this.#watchNetwork();
      await this.#beat({ next: instant.toISOString() });
      const left = instant.getTime() - now().getTime();
      if (signal.aborted || (left <= 0 && this.#state.problem === undefined)) return;
      await wait(Math.min(BEAT, left > 0 ? left : BEAT));
    }
  }

  /** Gives signs of life until some work has ended. */
  async #alive<T>(work: Promise<T>, look: () => void = () => undefined): Promise<T> {
    let over = false;
    const ended = work.finally(() => {
      over = true;
    });
    for (;;) {
      await Promise.race([ended, this.#world.wait(BEAT)]);
      // Whoever is told to stop has no more to say than the end of what it began.
      if (over || this.#world.signal.aborted) return ended;
      look();
      await this.#beat({});
    }
  }

  /** @throws JobError `network-lost` */
  #watchNetwork(): void {
    const state = this.#world.network();
    const joined = this.#plan.target.kind === "docker" ? this.#plan.target.network.name : "";
    const { problem, ...rest } = this.#state;
    switch (state) {
      case "joined":
        this.#state = rest;
        return;
      case "lost":
        if (problem === undefined) this.#world.report.warning(stopped(joined));
        this.#state = { ...rest, problem: stopped(joined) };
        return;
      case "back":
        throw new JobError(
          "network-lost",
          `container ${joined}, whose network this scheduler shares, was started again`,
          "nothing is to be done: the restart policy joins it again",
        );
      case "removed":
        throw new JobError(
          "network-lost",
          `container ${joined}, whose network this scheduler shares, was removed`,
          "when it is there again, `pulumi up --refresh` makes a scheduler that joins the new one",
        );
    }
  }

  async #beat(more: Partial<SchedulerState>): Promise<void> {
    this.#state = { ...this.#state, ...more, at: this.#world.now().toISOString() };
    await this.#world.save(this.#state);
  }
}

const stopped = (container: string): string =>
  `container ${container}, whose network this scheduler shares, is stopped: no run begins until it is started again`;
