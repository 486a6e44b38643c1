import type { Job, Success } from "../spec/index.ts";
import type { Context } from "./context.ts";
import { backup } from "./jobs/backup.ts";
import { bucket } from "./jobs/bucket.ts";
import { catalog } from "./jobs/catalog.ts";
import { check } from "./jobs/check.ts";
import { copy } from "./jobs/copy.ts";
import { drill } from "./jobs/drill.ts";
import { inspect } from "./jobs/inspect.ts";
import { ledger } from "./jobs/ledger.ts";
import { mark } from "./jobs/mark.ts";
import { open } from "./jobs/open.ts";
import { orphans } from "./jobs/orphans.ts";
import { prune } from "./jobs/prune.ts";
import { restore } from "./jobs/restore.ts";
import { verify } from "./jobs/verify.ts";

type Body = Success extends infer R
  ? R extends Success
    ? Omit<R, "version" | "ok" | "started" | "finished">
    : never
  : never;

/** Runs one job to its end. Throws JobError when it failed. */
export const runJob = async (context: Context, job: Job): Promise<Success> => {
  const started = context.now().toISOString();
  const body = await dispatch(context, job);
  return { version: 1, ok: true, started, finished: context.now().toISOString(), ...body } as Success;
};

const dispatch = (context: Context, job: Job): Promise<Body> => {
  switch (job.kind) {
    case "backup":
      return backup(context, job);
    case "bucket":
      return bucket(context, job);
    case "catalog":
      return catalog(context, job);
    case "check":
      return check(context, job);
    case "copy":
      return copy(context, job);
    case "drill":
      return drill(context, job);
    case "inspect":
      return inspect(context, job);
    case "ledger":
      return ledger(context, job);
    case "mark":
      return mark(context, job);
    case "open":
      return open(context, job);
    case "orphans":
      return orphans(context, job);
    case "prune":
      return prune(context, job);
    case "restore":
      return restore(context, job);
    case "verify":
      return verify(context, job);
  }
};
