import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { JobError, type OpenJob, type ResultOf } from "../../spec/index.ts";
import { readCatalog } from "../catalog/read-catalog.ts";
import { selectPoint } from "../catalog/select-point.ts";
import { wrappedIdentity } from "../catalog/wrapped-identity.ts";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import { openPlanStore } from "./plan-store.ts";

type Body = Pick<ResultOf<"open">, "kind" | "point">;

/**
 * Opens the key of one point with a recipient's and leaves it in a file: whoever reads that can open this point and no
 * other, and never sees the recipient's.
 * @throws JobError `wrong-key`, `corrupt`; as `selectPoint`
 */
export const open = async (context: Context, job: OpenJob): Promise<Body> => {
  const store = openPlanStore(context, job.repository, job.plan, "reader");
  const { points } = await readCatalog(context, store, job.repository, job.plan);
  const { point, warnings } = selectPoint(points, job.point, { unverified: false });
  for (const text of warnings) context.report.warning(text);
  context.report.step("open", `opening the key of point ${point.id}`);
  const envelope = await wrappedIdentity(store, point);
  const wrongKey = new JobError(
    "wrong-key",
    `the key that was given opens nothing of point ${point.id}`,
    `it is encrypted to ${point.manifest.identity.recipients.join(", ")}: give the private key of one of these`,
  );
  const unwrap = {
    file: "age",
    args: ["--decrypt", "--identity", "/dev/fd/3"],
    inputs: [`${context.secret(job.identity).trim()}\n`],
    explain: (_exit: number, stderr: string) =>
      /no identity matched|malformed|no secret keys/i.test(stderr) ? wrongKey : undefined,
  };
  await rm(job.into, { force: true });
  const output = (opened: Readable) => pipeline(opened, createWriteStream(job.into, { mode: 0o400, flags: "wx" }));
  await runPipeline(context, [unwrap], { input: Readable.from([envelope]), output });
  if (job.serverPassword !== undefined) {
    await rm(job.serverPassword, { force: true });
    // The server runs as another user.
    await writeFile(job.serverPassword, randomBytes(32).toString("base64url"), { mode: 0o444, flag: "wx" });
  }
  return { kind: "open", point: point.id };
};
