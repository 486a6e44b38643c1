import { type Manifest, type PruneJob, parse, plan as planSchema, type ResultOf } from "../../../spec/index.ts";
import { backupOf, catalogOf, pointIdentity, succeeded, type World } from "../world.ts";
import { copyPoint, idOf } from "./points.ts";

/** A world with a plan of another name: a part of the repository of its own. */
export const withPlan = (world: World, name: string): World => ({
  ...world,
  plan: parse(planSchema, { ...world.plan, name }, "plan"),
});

/** A plan with one backup of now and one point for each of so many days ago, which are whole. Newest first. */
export async function series(
  world: World,
  name: string,
  days: readonly number[],
): Promise<{ world: World; points: readonly Manifest[] }> {
  const own = withPlan(world, name);
  const newest = await backupOf(own);
  const points = [newest];
  for (const day of days) points.push(await copyPoint(own, newest, idOf(day)));
  return { world: own, points };
}

export const pruneJob = ({ plan }: World, more: Partial<PruneJob> = {}): PruneJob => ({
  kind: "prune",
  version: 1,
  repository: plan.repository,
  plan: plan.name,
  retention: { keepLast: 2, minimum: 2 },
  schedule: { kind: "none" },
  confirm: true,
  leaseSeconds: 1,
  ...more,
});

export const prune = async (world: World, more: Partial<PruneJob> = {}): Promise<ResultOf<"prune">> =>
  succeeded(await world.run(pruneJob(world, more)), "prune");

export const mark = async (world: World, point: string, kind: "hold" | "accept" | "quarantine"): Promise<string> =>
  succeeded(
    await world.run({
      kind: "mark",
      version: 1,
      repository: world.plan.repository,
      plan: world.plan.name,
      mark: kind,
      point,
      by: "a test",
      reason: "because",
    }),
    "mark",
  ).key;

export const pointsOf = async (world: World): Promise<string[]> =>
  (await catalogOf(world)).points.map(({ id }) => id).reverse();

/** Reads a point to its end with its own key; the names of what is wrong. */
export async function wrongWith(world: World, point: string, record = false): Promise<string[]> {
  const identity = await pointIdentity(world, world.plan, point);
  const job = {
    kind: "verify",
    version: 1,
    repository: world.plan.repository,
    plan: world.plan.name,
    point,
    identity: { kind: "env", name: "POINT_IDENTITY" },
    record,
  } as const;
  const { proof } = succeeded(await world.run(job, { POINT_IDENTITY: identity }), "verify");
  return proof.checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
}
