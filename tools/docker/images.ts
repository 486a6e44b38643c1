import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { execa } from "execa";
import { checkout, tools } from "../servers/tools.ts";
import type { Engine } from "./engine.ts";

/** Two checkouts that test on one engine at once each need a tag of their own. */
const TAG = process.env.RESTORABLE_TEST_TAG ?? "test";

/** The images that tests run. */
export const RUNNER_IMAGE = `restorable-runner:${TAG}`;
export const S3_IMAGE = `restorable-versitygw:${TAG}`;
/** As the official one is tagged; `images/make.sh` makes it where it cannot be pulled. */
export const TIMESCALEDB_IMAGE = "timescale/timescaledb:2.19.3-pg17";
export const CEPH_IMAGE = `restorable-ceph:${TAG}`;

/** Clients for the server of `postgres:13-bullseye`. */
const OLDER = ["--build-arg", "POSTGRES_OLDER=13:bullseye"];

/** Makes or keeps every image that a tier runs; says how long each took. */
export async function makeImages(engine: Engine, tier: "docker" | "kubernetes"): Promise<void> {
  const options = { env: engine.env, stdio: "inherit" } as const;
  const script = path.join(checkout, "images/make.sh");
  await execa("sh", [script, engine.client.program, ...(tier === "docker" ? [] : ["current"])], options);
  await timed(S3_IMAGE, () => s3Image(engine));
  if (tier === "docker") await timed(CEPH_IMAGE, () => build(engine, CEPH_IMAGE, [path.join(checkout, "images/ceph")]));
  await timed(RUNNER_IMAGE, () => build(engine, RUNNER_IMAGE, [...certificates(), ...OLDER, checkout]));
}

async function timed(image: string, make: () => Promise<void>): Promise<void> {
  const began = performance.now();
  await make();
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(
    `images: ${image.padEnd(26)} ${String(seconds).padStart(4)} s  built; layers that did not change are kept`,
  );
}

/** A machine behind a proxy says in this variable whose certificates its Node trusts; npm in a build has to as well. */
function certificates(): readonly string[] {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  return file ? ["--secret", `id=npm_ca,src=${file}`] : [];
}

async function s3Image(engine: Engine): Promise<void> {
  const context = await mkdtemp(path.join(tmpdir(), "restorable-image-"));
  try {
    await copyFile(tools().versitygw, path.join(context, "versitygw"));
    await build(engine, S3_IMAGE, ["--file", path.join(checkout, "images/versitygw/Dockerfile"), context]);
  } finally {
    await rm(context, { recursive: true });
  }
}

async function build({ client, env }: Engine, tag: string, args: readonly string[]): Promise<void> {
  const { exitCode, all } = await execa(client.program, ["build", "--tag", tag, ...args], {
    env,
    all: true,
    reject: false,
  });
  if (exitCode !== 0) throw new Error(`${all}\nthe image ${tag} could not be built (above)`);
}
