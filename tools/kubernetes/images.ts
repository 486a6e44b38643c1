import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import type { Engine } from "../docker/engine.ts";
import { RUNNER_IMAGE, S3_IMAGE, TIMESCALEDB_IMAGE } from "../docker/images.ts";

/** What the cluster's own pods run, each made of one program without anything else. */
const OF_PROGRAMS = [
  { image: "restorable/pause:test", program: "pause", entry: ["/pause"] },
  { image: "restorable/coredns:test", program: "coredns", entry: ["/coredns"] },
] as const;

/** What tests run in pods; the Docker tier's own images. */
const OF_TESTS = ["debian:trixie-slim", "postgres:17-trixie", TIMESCALEDB_IMAGE, S3_IMAGE, RUNNER_IMAGE];

/** The archive of every image that the cluster needs; written again only when one of them is another one than before. */
export async function imageArchive(engine: Engine, programs: string, folder: string): Promise<string> {
  for (const { image, program, entry } of OF_PROGRAMS) await importProgram(engine, image, programs, program, entry);
  const images = [...OF_PROGRAMS.map(({ image }) => image), ...OF_TESTS];
  const { stdout: ids } = await docker(engine, ["image", "inspect", "--format", "{{.Id}}", ...images]);
  const name = createHash("sha256").update(`${images.join()} ${ids}`).digest("hex").slice(0, 16);
  const archive = path.join(folder, `${name}.tar`);
  if (existsSync(archive)) return archive;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await docker(engine, ["save", "--output", `${archive}.new`, ...images]);
  await rename(`${archive}.new`, archive);
  return archive;
}

async function importProgram(
  engine: Engine,
  image: string,
  programs: string,
  program: string,
  entry: readonly string[],
) {
  const { exitCode } = await execa(engine.client.program, ["image", "inspect", image], {
    env: engine.env,
    reject: false,
  });
  if (exitCode === 0) return;
  const tar = execa("tar", ["--directory", programs, "--create", "--owner=0", "--group=0", program], {
    encoding: "buffer",
    stdout: "pipe",
    buffer: false,
  });
  const change = `ENTRYPOINT ${JSON.stringify(entry)}`;
  await tar.pipe(engine.client.program, ["import", "--change", change, "-", image], { env: engine.env });
}

const docker = ({ client, env }: Engine, args: readonly string[]) => execa(client.program, args, { env });
