import { JobError, type LedgerEntry, type Plan, type Repository, type RestoreLaunch } from "../../spec/index.ts";
import type { FindOptions } from "../find/find-options.ts";
import { declaredPlan, findPlan } from "../find/find-plan.ts";
import type { Found, Secrets } from "../find/found.ts";
import { IDENTITY, selectPoint } from "../identity.ts";
import type { Io } from "../io.ts";
import { planFromManifest } from "./plan-from-manifest.ts";
import { readLedger } from "./read-ledger.ts";

/** A restore that the ledger knows, ready to go on with. */
export interface KnownRestore {
  readonly launch: RestoreLaunch;
  readonly secrets: Secrets;
  readonly entry: LedgerEntry;
}

const OVER: readonly string[] = ["finished", "undone", "rolled-back"];

/**
 * The restore with an id; without one, the only one that has not ended.
 * @throws JobError `unknown-plan` when the ledger knows none such
 */
export const knownRestore = async (io: Io, options: FindOptions, id: string | undefined): Promise<KnownRestore> => {
  const found = await findPlan(io, options);
  const plan = found.declared ?? (await rememberedPlan(io, found, options));
  const { restores } = await readLedger(io, found, { plan });
  const entry = id === undefined ? onlyOpen(restores) : restores.find((each) => each.id === id);
  if (!entry) {
    const known = restores.map((each) => each.id).join(", ") || "none";
    const what = id === undefined ? "no restore is waiting to be ended" : `the ledger knows no restore '${id}'`;
    throw new JobError("unknown-plan", `${what} in ${ledgerText(plan)}`, `restores there: ${known}`);
  }
  const source = sourceOf(found, entry);
  const launch: RestoreLaunch = {
    kind: "restore",
    version: 1,
    plan,
    from: { repository: source.repository, plan: entry.from.plan },
    request: entry.request,
    requestDigest: entry.requestDigest,
    // What goes on in place reads the point once more; nothing else asks for it.
    identity: { kind: "env", name: IDENTITY },
  };
  return { launch, secrets: { ...source.secrets, ...found.secrets }, entry };
};

const ledgerText = ({ target }: Plan): string => {
  if (target.kind === "docker") return `volume ${target.ledger} on ${target.host}`;
  return target.kind === "kubernetes" ? `claim ${target.ledger} of namespace ${target.namespace}` : target.ledger;
};

/** Without state and --target: the newest manifest says what the plan was. */
const rememberedPlan = async (io: Io, found: Found, { ledger }: FindOptions) => {
  if (found.stack !== undefined) return declaredPlan(found);
  const { point } = await selectPoint(io, found, "latest", true);
  return planFromManifest(io, point.manifest, found.repository, ledger);
};

const onlyOpen = (restores: readonly LedgerEntry[]): LedgerEntry | undefined =>
  restores.findLast(({ step }) => !OVER.includes(step));

const sourceOf = (found: Found, { from }: LedgerEntry): { repository: Repository; secrets: Secrets } =>
  [found, ...found.repositories].find(({ repository }) => repository.environment === from.environment) ?? found;
