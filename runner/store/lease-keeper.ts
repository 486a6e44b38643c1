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
export class LeaseKeeper implements Lease {
  readonly signal: AbortSignal;
  readonly #context: Context;
  readonly #store: Store;
  readonly #taken: TakenLease;
  readonly #lost = new AbortController();
  #etag: string;
  #released = false;
  #renewal: Promise<void> = Promise.resolve();
  #next: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(context: Context, store: Store, taken: TakenLease) {
    [this.#context, this.#store, this.#taken, this.#etag] = [context, store, taken, taken.put.etag];
    this.signal = AbortSignal.any([context.signal, this.#lost.signal]);
    this.#arm(taken.asked);
    this.#schedule();
  }

  readonly check = async (): Promise<void> => {
    this.#lost.signal.throwIfAborted();
    const found = await this.#store.get(LEASE_KEY);
    const now = await this.#store.clock();
    const current = found && parseLease(found.body);
    if (current?.token !== this.#taken.content.token) this.#lose("another one has taken it over");
    else if (Date.parse(current.expires) <= now.getTime()) this.#lose("it has expired");
    this.#lost.signal.throwIfAborted();
  };

  readonly release = async (): Promise<void> => {
    if (this.#released) return;
    this.#released = true;
    clearTimeout(this.#next);
    await this.#renewal;
    clearTimeout(this.#deadline);
    if (this.#lost.signal.aborted) return;
    const over = { ...this.#taken.content, expires: this.#taken.content.taken };
    await writeLease(this.#store, over, { ifMatch: this.#etag }).catch((error: Error) =>
      this.#context.report.warning(`the lease was not given back and ends by itself: ${error.message}`),
    );
  };

  /** Counts by a clock that nobody sets, from before the store was asked for the time. */
  #arm(asked: number): void {
    clearTimeout(this.#deadline);
    const left = asked + (this.#taken.seconds - GRAIN) * 1000 - performance.now();
    this.#deadline = setTimeout(() => this.#lose("it could not be renewed in time"), left).unref();
  }

  #schedule(): void {
    if (this.#released || this.#lost.signal.aborted) return;
    const renew = () => {
      this.#renewal = this.#renew()
        .catch((error: Error) => this.#context.report.warning(`the lease was not renewed yet: ${error.message}`))
        .then(() => this.#schedule());
    };
    this.#next = setTimeout(renew, (this.#taken.seconds * 1000) / 3).unref();
  }

  async #renew(): Promise<void> {
    const asked = performance.now();
    const expires = after(await this.#store.clock(), this.#taken.seconds);
    const put = await writeLease(this.#store, { ...this.#taken.content, expires }, { ifMatch: this.#etag });
    if (!put) return this.#lose("another one has taken it over");
    this.#etag = put.etag;
    if (!this.#lost.signal.aborted) this.#arm(asked);
  }

  #lose(why: string): void {
    this.#lost.abort(leaseLost(this.#store, why));
  }
}

const leaseLost = ({ name }: Store, why: string): JobError =>
  new JobError(
    "lease-lost",
    `the lease of ${name} is lost: ${why}`,
    "nothing was published; see what else works there and run again",
  );
