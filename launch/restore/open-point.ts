import {
  JobError,
  oldKeyOf,
  type PointSelector,
  parseOldKey,
  type RestoreLaunch,
  type Selected,
} from "../../spec/index.ts";
import { unwrapIdentity } from "../unwrap-identity.ts";
import { expectKind } from "./actions.ts";
import { type LaunchWorld, say } from "./world.ts";

export interface OpenedPoint {
  /** What is restored: the id of the point, whatever the request called it. */
  readonly selector: PointSelector;
  /** The point's own age identity, or the GPG key of an older tool's object. Absent: an object that was never encrypted. */
  readonly identity?: string;
}

/**
 * Opens the key of the requested point with the operator's.
 * @param selected what the runner found for the request; of an older tool's object there is nothing
 * @throws JobError `wrong-key`, `missing-secret`
 */
export const openPoint = async (
  launch: RestoreLaunch,
  world: LaunchWorld,
  selected: Selected | undefined,
): Promise<OpenedPoint> => {
  const { point } = launch.request;
  const old = oldKeyOf(point);
  if (old !== undefined) return { selector: point, ...oldIdentity(launch, world, old) };
  if (!selected) throw new JobError("bug", "the runner selected no point", "use launcher and runner of one version");
  if (!launch.identity) {
    throw new JobError(
      "missing-secret",
      "no identity was given to open the point",
      "give the private key of one of its recipients",
    );
  }
  const identity = await unwrapIdentity(
    Buffer.from(selected.identity, "base64"),
    world.secret(launch.identity),
    selected.point.manifest.identity.recipients,
  );
  say(world, "select", `recovery point ${selected.point.id} is opened with the operator's key`);
  return { selector: selected.point.id, identity };
};

/**
 * Finds the point that an earlier run has pinned, and opens its key.
 * @throws JobError `unknown-point`, `bad-signature`, `unsigned`, and as `openPoint`
 */
export const openPinned = async (launch: RestoreLaunch, world: LaunchWorld): Promise<OpenedPoint> => {
  const { from, request } = launch;
  if (oldKeyOf(request.point) !== undefined) return openPoint(launch, world, undefined);
  say(world, "select", `looking for the recovery point in ${from.repository.environment}/${from.plan}`);
  const result = await world.runJob(
    {
      kind: "catalog",
      version: 1,
      repository: from.repository,
      plan: from.plan,
      point: request.point,
      unverified: request.unverified ?? false,
    },
    { secrets: world.secrets, onProgress: world.report, signal: world.signal },
  );
  return openPoint(launch, world, expectKind(result, "catalog").selected);
};

/** What an older tool has encrypted, it has encrypted to the operator's own key: there is none in between. */
const oldIdentity = ({ identity }: RestoreLaunch, world: LaunchWorld, key: string): Pick<OpenedPoint, "identity"> =>
  parseOldKey(key)?.encryption && identity ? { identity: world.secret(identity) } : {};
