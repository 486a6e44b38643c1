import { createHash } from "node:crypto";
import { restore } from "../../launch/index.ts";
import {
  canonicalJson,
  JobError,
  type Request,
  type RestoreLaunch,
  type RestoreRecord,
  restoreRecord,
} from "../../spec/index.ts";
import type { FindOptions } from "../find/find-options.ts";
import { IDENTITY, readIdentity } from "../identity.ts";
import type { Io } from "../io.ts";
import type { StackState } from "../pulumi/stacks.ts";
import type { Intent } from "./intent.ts";
import { inLaunchWorld } from "./world.ts";

/** Without any state: the launcher itself, here. */
export const runHere = async (
  io: Io,
  intent: Intent,
  request: Request,
  options: FindOptions,
): Promise<RestoreRecord> => {
  const { plan, from, found } = intent;
  const launch: RestoreLaunch = {
    kind: "restore",
    version: 1,
    plan,
    from: { repository: from.repository, plan: from.plan },
    request,
    requestDigest: createHash("sha256").update(canonicalJson(request)).digest("hex"),
    identity: { kind: "env", name: IDENTITY },
  };
  return inLaunchWorld(
    io,
    { plan, secrets: { ...from.secrets, ...found.secrets }, identity: options.identity },
    (world) => restore(launch, world),
  );
};

/** With a stack: the request goes into its config, and `pulumi up` runs it, so that state and ledger agree. */
export const runByPulumi = async (io: Io, request: Request, options: FindOptions): Promise<RestoreRecord> => {
  const operatorKey = readIdentity(io, options.identity);
  await io.stacks.writeRequest(options, request);
  const env = operatorKey === undefined ? {} : { [IDENTITY]: operatorKey };
  const done = await io.stacks.upRestore(options, env, pulumiLines(io));
  const record = recordOf(await io.stacks.read(options), request);
  if (record) return record;
  throw new JobError(
    "restore-failed",
    done ? "`pulumi up` ran no restore" : "`pulumi up` failed before it recorded a restore",
    done
      ? "the stack must declare a Restore whose request is the config value 'restore'"
      : `read what it says above; the request is in the stack's config, and \`pulumi up\` or \`restorable resume ${request.id}\` goes on`,
  );
};

/** In a failed update only the Stash has the record: its component never came to register its outputs. */
const recordOf = ({ resources }: StackState, { id }: Request): RestoreRecord | undefined =>
  resources
    .filter(({ urn }) => urn.includes("restorable:index:Restore"))
    .flatMap(({ outputs }) => [outputs.record, outputs.input, outputs.output])
    .flatMap((value) => restoreRecord.safeParse(value).data ?? [])
    .find((record) => record.id === id);

/** What Pulumi says, without the repetitions of its display. */
const pulumiLines = (io: Io): ((text: string) => void) => {
  let last = "";
  return (text) => {
    if (text !== "" && text !== last) io.err(`${text}\n`);
    last = text;
  };
};
