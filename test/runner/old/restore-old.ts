import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Plan, Request } from "../../../spec/index.ts";
import { tools } from "../../support/tools.ts";
import { waitFor } from "../../support/wait-for.ts";
import { restoreJob, succeeded, type World } from "../world.ts";

export interface OldAsk {
  readonly plan?: Plan;
  /** What opens the object, where it is encrypted. */
  readonly identity?: string;
}

/** Begins a restore of an old object; it ends in `prepare` where it goes into a new place, or is refused. */
export const prepareOld = (world: World, request: Partial<Request>, { plan, identity }: OldAsk = {}) =>
  world.run(
    { ...jobOf(world, request, plan, identity), action: "prepare" },
    identity === undefined ? {} : { POINT_IDENTITY: identity },
  );

/** A whole restore of an old object. */
export async function restoreOld(world: World, request: Partial<Request>, { plan, identity }: OldAsk = {}) {
  const job = jobOf(world, request, plan, identity);
  const secrets = identity === undefined ? {} : { POINT_IDENTITY: identity };
  let last = succeeded(await world.run(job, secrets), "restore");
  for (const action of ["quiescing", "swap", "finish"] as const) {
    if (last.record) return last.record;
    last = succeeded(await world.run({ ...job, action }, secrets), "restore");
  }
  if (!last.record) throw new Error(`it stopped at ${last.step}`);
  return last.record;
}

/** Reads an old object to its end, and restores nothing. */
export const inspectOld = (world: World, key: string, identity?: string) => {
  const { repository, name: plan } = world.plan;
  const job = { kind: "inspect", version: 1, repository, plan, key } as const;
  return identity === undefined
    ? world.run(job)
    : world.run({ ...job, identity: { kind: "env", name: "POINT_IDENTITY" } }, { POINT_IDENTITY: identity });
};

const jobOf = (world: World, request: Partial<Request>, plan: Plan | undefined, identity: string | undefined) => {
  const ask = { request: { unverified: true, ...request }, ...(plan ? { plan } : {}) };
  const { identity: named, ...job } = restoreJob(world, "prepare", ask);
  return identity === undefined ? job : { ...job, identity: named };
};

/** Jobs of other tests may hold a private key at this moment; none that is held now stays. */
export const keyringsGone = async (): Promise<void> => {
  const held = async () =>
    (await Promise.all(["/dev/shm", "/tmp"].map((folder) => readdir(folder))))
      .flat()
      .filter((name) => name.startsWith("restorable-gpg-"));
  const now = await held();
  await waitFor("the keyrings to be gone", async () => !(await held()).some((name) => now.includes(name)));
};

/** A program of PostgreSQL's. */
export const bin = (name: string) => path.join(tools().postgresBin, name);

export const databases = async (world: World) =>
  (await world.sql("postgres", "SELECT datname FROM pg_database ORDER BY 1")).rows.map(({ datname }) => datname);
