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
  return inLaunchWorld(io, { secrets: { ...from.secrets, ...found.secrets }, identity: options.identity }, (world) =>
    restore(launch, world),
  );
};

/** With a stack: the request goes into its config, and `pulumi up` runs it, so that state and ledger agree. */
export const runByPulumi = async (io: Io, request: Request, options: FindOptions): Promise<RestoreRecord> => {
  const operatorKey = readIdentity(io, options.identity);
  await io.stacks.writeRequest(options, request);
  const done = await io.stacks.upRestore(options, operatorKey === undefined ? {} : { [IDENTITY]: operatorKey }, io.err);
  const { resources } = await io.stacks.read(options);
  const records = resources
    .filter(({ type }) => type === "restorable:index:Restore")
    .map(({ outputs }) => restoreRecord.safeParse(outputs.record))
    .flatMap(({ data }) => (data?.id === request.id ? [data] : []));
  if (records[0]) return records[0];
  throw new JobError(
    "restore-failed",
    done ? "`pulumi up` ran no restore" : "`pulumi up` failed before it recorded a restore",
    done
      ? "the stack must declare a Restore whose request is the config value 'restore'"
      : `read what it says above; the request is in the stack's config, and \`pulumi up\` or \`restorable resume ${request.id}\` goes on`,
  );
};
