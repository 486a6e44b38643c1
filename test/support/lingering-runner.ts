import { type CheckJob, checkJob, type ResultOf } from "../../spec/index.ts";

const key = (name: string) => ({ kind: "env", name }) as const;

/** A small job with two secrets. */
export const CHECK: CheckJob = checkJob.parse({
  kind: "check",
  version: 1,
  plan: "packit",
  schedule: { kind: "none" },
  repository: {
    environment: "prod",
    location: {
      kind: "s3",
      bucket: "backups",
      credentials: { reader: { accessKeyId: key("RESTORABLE_ID"), secretAccessKey: key("RESTORABLE_SECRET") } },
    },
  },
});

/** What a runner may answer. */
export const CHECKED: ResultOf<"check"> = {
  version: 1,
  ok: true,
  kind: "check",
  started: "2026-11-21T10:00:00Z",
  finished: "2026-11-21T10:00:01Z",
  healthy: true,
  checks: [],
};

/** A runner that says its result and then hangs, as Node was seen to do in its own exit (nodejs/node#54918). */
export const LINGERING_RUNNER = `console.log(${JSON.stringify(JSON.stringify(CHECKED))}); setInterval(() => undefined, 1000);`;
