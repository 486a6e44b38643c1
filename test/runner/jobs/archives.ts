import path from "node:path";
import { type CopyJob, type Location, parse, plan as planSchema, type ResultOf } from "../../../spec/index.ts";
import type { S3Keys } from "../../support/s3-server.ts";
import { s3Location, succeeded, type World } from "../world.ts";

/** Credentials by the names of the secrets that hold them. */
export const keysNamed = (id: string, { accessKeyId, secretAccessKey }: S3Keys) => ({
  refs: {
    accessKeyId: { kind: "env" as const, name: `${id}_ID` },
    secretAccessKey: { kind: "env" as const, name: `${id}_SECRET` },
  },
  secrets: { [`${id}_ID`]: accessKeyId, [`${id}_SECRET`]: secretAccessKey },
});

/** The same world looking at a copy of its repository, which believes the same keys and signs nothing. */
export const archiveOf = (world: World, location: Location): World => {
  const { signingKey: _, ...repository } = world.plan.repository;
  return { ...world, plan: parse(planSchema, { ...world.plan, repository: { ...repository, location } }, "plan") };
};

/** A copy in a directory of its own. */
export const inDirectory = (world: World, name: string): World =>
  archiveOf(world, { kind: "directory", path: path.join(world.directory, name) });

/** A copy in another bucket of the same server. */
export const inBucket = async (world: World, bucket: string): Promise<World> => {
  await world.s3.createBucket(bucket);
  return archiveOf(world, { ...s3Location(world.s3.endpoint), bucket });
};

export const copyJob = (from: World, to: World, more: Partial<CopyJob> = {}): CopyJob => ({
  kind: "copy",
  version: 1,
  plan: from.plan.name,
  from: from.plan.repository,
  to: to.plan.repository,
  schedule: { kind: "none" },
  leaseSeconds: 30,
  ...more,
});

export const copyNow = async (from: World, to: World, more: Partial<CopyJob> = {}): Promise<ResultOf<"copy">> =>
  succeeded(await from.run(copyJob(from, to, more)), "copy");
