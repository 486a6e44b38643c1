import { z } from "zod";
import { holder, instant, JobError, LEASE_KEY } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { liveness } from "../world/holder.ts";
import { OUTRUN, type Put, type PutConditions, type Store } from "./store.ts";

/** What `lease.json` says. A released lease is one that has expired: the writer may not be allowed to delete. */
export const leaseContent = z.strictObject({
  holder,
  /** For people: what the holder does. */
  job: z.string(),
  /** Tells two leases of one process apart. */
  token: z.string(),
  taken: instant,
  /** By the store's clock. */
  expires: instant,
});
export type LeaseContent = z.infer<typeof leaseContent>;

/** Reads a lease; undefined for what is not one. */
export const parseLease = (body: Buffer): LeaseContent | undefined => {
  try {
    return leaseContent.parse(JSON.parse(body.toString()));
  } catch {
    return undefined;
  }
};

/** Nobody takes a lease for longer than a day at once, so a later `expires` is no promise but a mistake. */
export const isPlausible = ({ expires }: LeaseContent, now: Date): boolean =>
  Date.parse(expires) - now.getTime() <= 86_400_000;

export const after = (time: Date, seconds: number): string => new Date(time.getTime() + seconds * 1000).toISOString();

/** Writes a lease on a condition; undefined when somebody else was faster. */
export const writeLease = async (
  store: Store,
  content: LeaseContent,
  conditions: PutConditions,
): Promise<Put | undefined> => {
  try {
    return await store.put(LEASE_KEY, JSON.stringify(content), conditions);
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== "precondition-failed") throw error;
    if (error.cause === OUTRUN) return undefined;
    // Perhaps by ourselves: the first try was stored, its answer was lost, and the second one found the first.
    const found = await store.get(LEASE_KEY);
    const written = found && parseLease(found.body);
    return written?.token === content.token && written.expires === content.expires ? found : undefined;
  }
};

/** Whether a lease may be taken over: it has expired, or its process on this host and boot is gone. */
export const isOver = (context: Context, lease: LeaseContent, now: Date): boolean =>
  Date.parse(lease.expires) <= now.getTime() ||
  // Another boot may be another machine of the same name, so only the clock can tell.
  (lease.holder.boot === context.holder.boot && liveness(lease.holder, context.holder) === "gone");

export const busy = ({ holder, job, taken, expires }: LeaseContent, store: string): JobError =>
  new JobError(
    "busy",
    `${job} on ${holder.host} (process ${holder.pid}) works in ${store} since ${taken}; its lease lasts until ${expires}`,
    "wait until it is done and run again; if it is dead, its lease ends by itself at that time",
  );
