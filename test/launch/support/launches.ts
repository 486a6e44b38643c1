import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import type { LaunchWorld, RunJob, Secrets } from "../../../launch/index.ts";
import { secretReader } from "../../../launch/index.ts";
import type { RunProgram } from "../../../launch/run-program.ts";
import { type Progress, plan, type RestoreJob, type RestoreLaunch, type RestoreRecord } from "../../../spec/index.ts";

export const PUBLIC_KEY = `${"A".repeat(43)}=`;

/** A restore of plan `packit` with programs that stop, start and probe its application. */
export const restoreLaunch = (into: RestoreLaunch["request"]["into"] = { replace: {} }): RestoreLaunch => {
  const repository = {
    environment: "prod",
    location: { kind: "directory", path: "/backups" },
    trusted: [PUBLIC_KEY],
  } as const;
  return {
    kind: "restore",
    version: 1,
    plan: plan.parse({
      version: 1,
      project: "backups",
      stack: "montagu-uat",
      name: "packit",
      target: { kind: "local", ledger: "/ledger" },
      sources: [{ kind: "files", name: "files", directory: "/data" }],
      repository,
      recipients: [`age1${"q".repeat(58)}`],
      quiesce: { stop: [["stop", "app"]], start: [["start", "app"]], probe: ["probe", "app"], timeoutSeconds: 5 },
    }),
    from: { repository: { ...repository, trusted: [PUBLIC_KEY] }, plan: "packit" },
    request: { id: "one", point: "latest", into, confirm: "backups/montagu-uat/packit" },
    requestDigest: "0".repeat(64),
    identity: { kind: "env", name: "RESTORABLE_IDENTITY" },
  };
};

export const record = (job: RestoreJob, ok: boolean): RestoreRecord => ({
  version: 1,
  id: job.request.id,
  ok,
  request: job.request,
  target: "backups/montagu-uat/packit",
  from: { environment: "prod", plan: "packit" },
  started: "2026-11-21T10:00:00.000Z",
  finished: "2026-11-21T10:01:00.000Z",
  seconds: 60,
  downtimeSeconds: 2,
  bytes: 10,
  checks: [],
  superseded: [],
  notes: [],
});

export interface FakeWorld extends LaunchWorld {
  /** Programs that were run, in order, as one text each. */
  readonly programs: string[];
  readonly said: string[];
  readonly interrupt: (reason: Error) => void;
}

/** A world in which time passes only by waiting. */
export const fakeWorld = (
  runJob: RunJob,
  secrets: Secrets,
  program: RunProgram = async () => ({ ok: true, text: "" }),
): FakeWorld => {
  const controller = new AbortController();
  let clock = Date.parse("2026-11-21T10:00:00.000Z");
  const [programs, said]: [string[], string[]] = [[], []];
  return {
    runJob,
    runProgram: async (argv, seconds) => {
      programs.push(argv.join(" "));
      return program(argv, seconds);
    },
    secrets,
    secret: secretReader(secrets),
    report: (line: Progress) => said.push(line.type === "progress" ? line.step : line.text),
    signal: controller.signal,
    holder: undefined,
    now: () => new Date(clock),
    wait: async (seconds) => {
      clock += seconds * 1000;
    },
    programs,
    said,
    interrupt: (reason) => controller.abort(reason),
  };
};

/** A point's key in its envelope for one operator, and that operator's key. */
export const envelope = async () => {
  const [operator, point] = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
  const recipient = await identityToRecipient(operator);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const sealed = await encrypter.encrypt(`${point}\n`);
  return { operator, point, recipients: [recipient], sealed, identity: Buffer.from(sealed).toString("base64") };
};
