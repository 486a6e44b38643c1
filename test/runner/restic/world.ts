import path from "node:path";
import type { FilesEntry, Manifest, Plan, Proof, ResticSnapshot } from "../../../spec/index.ts";
import { backupOf, makeWorld, pointIdentity, succeeded, type World, type WorldOptions } from "../world.ts";

/** A plan of one directory that is stored incrementally, without any database. */
export const makeResticWorld = async (options: Omit<WorldOptions, "change"> = {}): Promise<World> => {
  const world = await makeWorld({ ...options, change: incremental });
  return { ...world, ...withPassword(world) };
};

export const PASSWORD = "the-password-of-the-files";

const withPassword = (world: World): Pick<World, "secrets" | "run"> => ({
  secrets: { ...world.secrets, FILES_PASSWORD: PASSWORD },
  run: (job, more = {}) => world.run(job, { FILES_PASSWORD: PASSWORD, ...more }),
});

export const incremental = (plan: Plan): Plan => ({
  ...plan,
  sources: plan.sources.flatMap((source) =>
    source.kind === "files" ? [{ ...source, store: { kind: "incremental" as const } }] : [],
  ),
  repository: { ...plan.repository, filesPassword: { kind: "env", name: "FILES_PASSWORD" } },
});

export const filesOf = ({ sources }: Manifest): FilesEntry => {
  const found = sources.find((entry) => entry.kind === "files");
  if (found?.kind !== "files") throw new Error("the point holds no files");
  return found;
};

export const snapshotOf = (manifest: Manifest): ResticSnapshot => {
  const { snapshot } = filesOf(manifest);
  if (!snapshot) throw new Error("the files are in no snapshot");
  return snapshot;
};

/** Takes a point and says what its snapshot added. */
export const snapshotNow = async (world: World): Promise<{ manifest: Manifest; snapshot: ResticSnapshot }> => {
  const manifest = await backupOf(world);
  return { manifest, snapshot: snapshotOf(manifest) };
};

/** Reads a point to its end with its key. */
export const proofOf = async (world: World, point: string, withKey = true): Promise<Proof> => {
  const { repository, name } = world.plan;
  const job = { kind: "verify", version: 1, repository, plan: name, point, record: false } as const;
  if (!withKey) return succeeded(await world.run(job), "verify").proof;
  const secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, point) };
  const identity = { kind: "env", name: "POINT_IDENTITY" } as const;
  return succeeded(await world.run({ ...job, identity }, secrets), "verify").proof;
};

/** The key below a directory repository, or versitygw's file of it. */
export const storedFile = ({ plan, s3 }: World, key: string): string =>
  plan.repository.location.kind === "directory"
    ? path.join(plan.repository.location.path, plan.repository.environment, plan.name, key)
    : path.join(s3.directory, "buckets", "backups", plan.repository.environment, plan.name, key);
