import { createHash } from "node:crypto";
import { armor, Decrypter } from "age-encryption";
import { canonicalJson, type Location, type Plan, type Request } from "../../spec/index.ts";
import type { PostgresServer } from "../servers/postgres-server.ts";
import type { S3Server } from "../servers/s3-server.ts";
import { type Keys, type Ran, runJob } from "./ours.ts";

/** What every measurement runs on. */
export interface World {
  readonly directory: string;
  readonly postgres: PostgresServer;
  readonly store: S3Server;
  readonly keys: Keys;
  readonly operatorKey: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly local: Location;
  readonly s3: Location;
}

/** Seconds that it took. */
export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
};

export const backup = (world: World, plan: Plan): Promise<Ran> =>
  runJob({ kind: "backup", version: 1, plan }, world.secrets);

/** What a launcher does: it opens the newest point's own key with the operator's. */
export const pointKey = async (world: World, { repository, name }: Plan): Promise<string> => {
  const job = { kind: "catalog", version: 1, repository, plan: name, point: "latest", unverified: false } as const;
  const { result } = await runJob(job, world.secrets);
  if (result.kind !== "catalog") throw new Error("no catalog");
  const decrypter = new Decrypter();
  decrypter.addIdentity(world.operatorKey);
  const wrapped = Buffer.from(result.selected?.identity ?? "", "base64").toString();
  return decrypter.decrypt(armor.decode(wrapped), "text");
};

/** Restores the newest point into a new place. */
export const restore = async (
  world: World,
  plan: Plan,
  { id, into }: Pick<Request, "id" | "into">,
  identity: string,
): Promise<Ran> => {
  const request: Request = { id, point: "latest", into, confirm: `${plan.project}/${plan.stack}/${plan.name}` };
  const ran = await runJob(
    {
      kind: "restore",
      version: 1,
      action: "prepare",
      plan,
      from: { repository: plan.repository, plan: plan.name },
      request,
      requestDigest: createHash("sha256").update(canonicalJson(request)).digest("hex"),
      identity: { kind: "env", name: "POINT_IDENTITY" },
    },
    { ...world.secrets, POINT_IDENTITY: identity },
  );
  const record = ran.result.kind === "restore" ? ran.result.record : undefined;
  if (!record?.ok) throw new Error(`the restore failed: ${record?.error?.fact}`);
  return ran;
};
