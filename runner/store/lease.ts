import { setTimeout as wait } from "node:timers/promises";
import { JobError, LEASE_KEY } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { after, busy, isOver, isPlausible, type LeaseContent, parseLease, writeLease } from "./lease-content.ts";
import { type Lease, LeaseKeeper } from "./lease-keeper.ts";
import type { Store } from "./store.ts";

export type { Lease } from "./lease-keeper.ts";

export interface LeaseOptions {
  /** What takes it, for the one who finds it taken: `backup 20261121T010000Z-7f3a`. */
  readonly job: string;
  /** How long it lasts without being renewed. */
  readonly seconds: number;
  /** How long the end of another one is waited for. @default 0 */
  readonly waitSeconds?: number | undefined;
}

const LOOK_EVERY_MS = 2_000;

/** Times that somebody may be faster before we give up, each time having found the lease free. */
const TRIES = 5;

/**
 * Takes the lease as soon as whoever has it is done, for those who are ready to wait.
 * @throws JobError `busy` when it is still taken at the end of that time
 */
export const takeLease = async (context: Context, store: Store, options: LeaseOptions): Promise<Lease> => {
  const until = performance.now() + (options.waitSeconds ?? 0) * 1000;
  for (let told = false; ; told = true) {
    try {
      return await takeNow(context, store, options);
    } catch (error) {
      if (!(error instanceof JobError && error.code === "busy") || performance.now() >= until) throw error;
      if (!told) context.report.step("lease", `waiting for its end: ${error.fact}`);
      await wait(LOOK_EVERY_MS, undefined, { signal: context.signal }).catch(() => context.signal.throwIfAborted());
    }
  }
};

/**
 * Takes the lease of the plan whose prefix the store is, timed by the store's clock, and renews it every third of its
 * life. Taken over at once are an expired one and one whose process on this host is gone.
 * @throws JobError `busy`, naming the holder, since when and until when
 */
const takeNow = async (context: Context, store: Store, options: LeaseOptions): Promise<Lease> => {
  const token = Array.from({ length: 4 }, () =>
    context
      .random(2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
  for (let tries = 1; ; tries += 1) {
    const asked = performance.now();
    const found = await store.get(LEASE_KEY);
    const now = await store.clock();
    if (found) await refuseIfHeld(context, store, options, found.body, now);
    const content: LeaseContent = {
      holder: context.holder,
      job: options.job,
      token,
      taken: now.toISOString(),
      expires: after(now, options.seconds),
    };
    const put = await writeLease(store, content, found ? { ifMatch: found.etag } : { ifNoneMatch: "*" });
    if (put) return new LeaseKeeper(context, store, { seconds: options.seconds, content, put, asked });
    if (tries === TRIES) throw raced(store);
  }
};

const raced = ({ name }: Store): JobError =>
  new JobError("busy", `others were faster ${TRIES} times to take the lease of ${name}`, "run again");

const refuseIfHeld = async (
  context: Context,
  store: Store,
  { seconds }: LeaseOptions,
  body: Buffer,
  now: Date,
): Promise<void> => {
  const lease = parseLease(body);
  if (lease && isPlausible(lease, now)) {
    if (isOver(context, lease, now)) return;
    throw busy(lease, store.name);
  }
  // Perhaps the lease of a newer version of ours: respected for one life from when it was written, then taken over.
  const written = await writtenAt(store);
  const until = new Date((written ?? new Date(0)).getTime() + seconds * 1000);
  if (until <= now) return context.report.warning(`${LEASE_KEY} in ${store.name} was no lease; it is taken over`);
  throw new JobError(
    "busy",
    `${LEASE_KEY} in ${store.name} cannot be read as a lease and was written at ${written?.toISOString()}`,
    `it is respected until ${until.toISOString()}; run again then, with the newest version of restorable`,
  );
};

const writtenAt = async (store: Store): Promise<Date | undefined> => {
  for await (const { key, modified } of store.list(LEASE_KEY)) if (key === LEASE_KEY) return modified;
  return undefined;
};
