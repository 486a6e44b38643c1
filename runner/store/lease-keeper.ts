import { JobError, LEASE_KEY } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { after, type LeaseContent, parseLease, writeLease } from "./lease-content.ts";
import type { Put, Store } from "./store.ts";

/** The right to write a plan's points, held by one process at a time. */
export interface Lease {
  /** Aborted with the job's own signal, or with `lease-lost` once somebody else may hold the lease. */
  readonly signal: AbortSignal;
  /**
   * Asks the store whether the lease is still ours: just before the manifest is written.
   * @throws JobError `lease-lost`
   */
  readonly check: () => Promise<void>;
  /** Gives it back; also after the job was told to stop. Never throws: what cannot be given back expires. */
  readonly release: () => Promise<void>;
}

export interface TakenLease {
  readonly seconds: number;
  readonly content: LeaseContent;
  readonly put: Put;
  /** `performance.now()` before the store was asked for the time. */
  readonly asked: number;
}

/** The grain of a store's clock, in seconds: by so much a contender may see the end earlier than we do. */
const GRAIN = 1;

/** Renews a lease that was taken until it is released or lost. */
export const keepLease = (context: Context, store: Store, taken: TakenLease): Lease => {
  const { seconds, content } = taken;
  const lost = new AbortController();
  const lose = (why: string) => lost.abort(leaseLost(store, why));
  let [etag, released, renewal] = [taken.put.etag, false, Promise.resolve()];
  let [next, deadline]: (NodeJS.Timeout | undefined)[] = [];

  const arm = (asked: number) => {
    clearTimeout(deadline);
    const left = asked + (seconds - GRAIN) * 1000 - performance.now();
    deadline = setTimeout(() => lose("it could not be renewed in time"), left).unref();
  };
  const renew = async () => {
    const asked = performance.now();
    const expires = after(await store.clock(), seconds);
    const put = await writeLease(store, { ...content, expires }, { ifMatch: etag });
    if (!put) return lose("another one has taken it over");
    etag = put.etag;
    if (!lost.signal.aborted) arm(asked);
  };
  const schedule = () => {
    if (released || lost.signal.aborted) return;
    next = setTimeout(
      () => {
        renewal = renew()
          .catch((error: Error) => context.report.warning(`the lease was not renewed yet: ${error.message}`))
          .then(schedule);
      },
      (seconds * 1000) / 3,
    ).unref();
  };
  arm(taken.asked);
  schedule();

  return {
    signal: AbortSignal.any([context.signal, lost.signal]),
    check: async () => {
      lost.signal.throwIfAborted();
      const found = await store.get(LEASE_KEY);
      const now = await store.clock();
      const current = found && parseLease(found.body);
      if (current?.token !== content.token) lose("another one has taken it over");
      else if (Date.parse(current.expires) <= now.getTime()) lose("it has expired");
      lost.signal.throwIfAborted();
    },
    release: async () => {
      released = true;
      clearTimeout(next);
      await renewal;
      clearTimeout(deadline);
      if (lost.signal.aborted) return;
      const over = { ...content, expires: content.taken };
      await writeLease(store, over, { ifMatch: etag }).catch((error: Error) =>
        context.report.warning(`the lease was not given back and ends by itself: ${error.message}`),
      );
    },
  };
};

const leaseLost = ({ name }: Store, why: string): JobError =>
  new JobError(
    "lease-lost",
    `the lease of ${name} is lost: ${why}`,
    "nothing was published; see what else works there and run again",
  );
