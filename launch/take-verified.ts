import { type BackupLaunch, JobError, type SecretRef } from "../spec/index.ts";
import { expectKind, POINT_IDENTITY } from "./restore/actions.ts";
import { type LaunchWorld, say } from "./restore/world.ts";
import { unwrapIdentity } from "./unwrap-identity.ts";

/** A point that was taken and read back. */
export interface VerifiedPoint {
  readonly version: 1;
  readonly point: string;
  /** Whether it was also decrypted and unpacked, and not only read by its digests. */
  readonly opened: boolean;
  /** One sentence per thing that was looked at. */
  readonly checks: readonly string[];
}

/**
 * Takes one recovery point of a plan and reads it back, before something that may damage the data.
 * @throws JobError what the backup failed with; `corrupt` naming what is wrong with the point
 */
export const takeVerified = async (launch: BackupLaunch, world: LaunchWorld): Promise<VerifiedPoint> => {
  const { plan, trigger } = launch;
  const options = { onProgress: world.report, signal: world.signal };
  say(world, "backup", `taking a recovery point of ${plan.name} for '${trigger}'`);
  const job = { kind: "backup", version: 1, plan } as const;
  const { manifest } = expectKind(await world.runJob(job, { ...options, secrets: world.secrets }), "backup");
  const identity = await openKey(launch, world, manifest.id);
  say(world, "verify", `reading point ${manifest.id} back`);
  const reference: SecretRef = { kind: "env", name: POINT_IDENTITY };
  const result = await world.runJob(
    {
      kind: "verify",
      version: 1,
      repository: plan.repository,
      plan: plan.name,
      point: manifest.id,
      record: true,
      objects: plan.sources.filter((source) => source.kind === "objects"),
      ...(identity === undefined ? {} : { identity: reference }),
    },
    { ...options, secrets: identity === undefined ? world.secrets : { ...world.secrets, [POINT_IDENTITY]: identity } },
  );
  const { proof } = expectKind(result, "verify");
  const wrong = proof.checks.filter(({ ok }) => !ok);
  if (wrong.length === 0) {
    const checks = proof.checks.map(({ name, detail }) => `${name}: ${detail}`);
    return { version: 1, point: manifest.id, opened: identity !== undefined, checks };
  }
  throw new JobError(
    "corrupt",
    `point ${manifest.id}, taken for '${trigger}', is not good: ${wrong.map(({ name, detail }) => `${name}: ${detail}`).join("; ")}`,
    "do not go on with what it was taken for; mark it quarantine, look at the store, and run the same again",
  );
};

/** The new point's own key, with the operator's; without that, what is encrypted stays closed. */
const openKey = async (launch: BackupLaunch, world: LaunchWorld, point: string): Promise<string | undefined> => {
  const { plan, identity } = launch;
  if (!identity) return undefined;
  const job = {
    kind: "catalog",
    version: 1,
    repository: plan.repository,
    plan: plan.name,
    point,
    unverified: true,
  } as const;
  const options = { secrets: world.secrets, onProgress: world.report, signal: world.signal };
  const { selected } = expectKind(await world.runJob(job, options), "catalog");
  if (!selected) throw new JobError("bug", "a catalog job selected no point", "use launcher and runner of one version");
  const { recipients } = selected.point.manifest.identity;
  return unwrapIdentity(Buffer.from(selected.identity, "base64"), world.secret(identity), recipients);
};
