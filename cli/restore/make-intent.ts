import {
  JobError,
  type OldObject,
  oldKeyOf,
  type Plan,
  type PointSelector,
  parse,
  type Request,
  type ResultOf,
  request as requestSchema,
  type Selected,
} from "../../spec/index.ts";
import type { FindOptions } from "../find/find-options.ts";
import { findPlan } from "../find/find-plan.ts";
import type { Found, FoundSource } from "../find/found.ts";
import { openIdentity, readIdentity, selectPoint } from "../identity.ts";
import type { Io } from "../io.ts";
import { readSelector } from "../point-argument.ts";
import { fromSource } from "./from-source.ts";
import type { Intent } from "./intent.ts";
import { chooseOld } from "./old-choice.ts";
import { planFromManifest } from "./plan-from-manifest.ts";
import { readLedger } from "./read-ledger.ts";
import { newRequestId } from "./request-id.ts";
import { intoOf, onlyOf, type RestoreOptions } from "./restore-options.ts";

/** Finds out what a restore would do, and pins its point: `latest` may be another one a moment later. */
export const makeIntent = async (
  io: Io,
  options: RestoreOptions & FindOptions,
  pointText: string | undefined,
): Promise<Intent> => {
  const selector = readSelector(pointText, options);
  const into = intoOf(options);
  const only = onlyOf(options);
  const found = await findPlan(io, options);
  const from = fromSource(found, options.from);
  const { plan, taken, key, restores } = await askTarget(io, options, { found, from, selector });
  const own = from.repository.environment === plan.repository.environment && from.plan === plan.name;
  const usedIds = restores.map(({ id }) => id);
  const request: Request = parse(
    requestSchema,
    {
      id: options.id ?? newRequestId(io.now(), plan.name, usedIds),
      plan: plan.name,
      ...(own ? {} : { from: { environment: from.repository.environment, plan: from.plan } }),
      point: taken.kind === "point" ? taken.point.id : selector,
      into,
      ...(options.source === undefined ? {} : { sources: options.source }),
      ...(only === undefined ? {} : { only }),
      confirm: "",
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(options.unverified === true ? { unverified: true } : {}),
    },
    "the request",
    "bad-config",
  );
  return { found, plan, from, taken, request, usedIds, key };
};

type Asked = Pick<Intent, "plan" | "taken" | "key"> & Pick<ResultOf<"ledger">, "restores">;

interface Wanted {
  readonly found: Found;
  readonly from: FoundSource;
  readonly selector: PointSelector;
}

/** What would be restored, and what was restored there before. */
const askTarget = async (
  io: Io,
  options: RestoreOptions & FindOptions,
  { found, from, selector }: Wanted,
): Promise<Asked> => {
  const oldKey = oldKeyOf(selector);
  if (oldKey !== undefined) {
    const objects = await chooseOld(io, from, oldKey, options.unverified === true);
    const plan = found.declared ?? refuseUndeclared(oldKey);
    const given = readIdentity(io, options.identity) !== undefined;
    const { restores } = await readLedger(io, found, { plan });
    return { plan, taken: { kind: "old", objects }, key: oldKeyState(objects, given), restores };
  }
  const { plan, selected, restores } = await findPoint(io, options, { found, from, selector });
  const operatorKey = readIdentity(io, options.identity);
  // A wrong key is found out now, not after the confirmation.
  if (operatorKey !== undefined) await openIdentity(selected, operatorKey);
  const key = operatorKey === undefined ? "missing" : "opens";
  return { plan, taken: { kind: "point", point: selected.point }, key, restores };
};

/** One job asks for both where the plan is known; without any state the point's manifest says it. */
const findPoint = async (
  io: Io,
  { unverified = false, ledger }: RestoreOptions & FindOptions,
  { found, from, selector }: Wanted,
): Promise<Pick<Asked, "plan" | "restores"> & { readonly selected: Selected }> => {
  if (found.declared) {
    const find = { repository: from.repository, plan: from.plan, point: selector, unverified };
    const secrets = { ...from.secrets, ...found.secrets };
    const { restores, selected } = await readLedger(io, { secrets }, { plan: found.declared, find });
    if (selected) return { plan: found.declared, selected, restores };
    throw new JobError("bug", "a ledger job selected no point", "use the CLI and the runner of one version");
  }
  const selected = await selectPoint(io, from, selector, unverified);
  const plan = planFromManifest(io, selected.point.manifest, found.repository, ledger);
  return { plan, selected, restores: (await readLedger(io, found, { plan })).restores };
};

const oldKeyState = (objects: readonly OldObject[], given: boolean): Intent["key"] => {
  if (objects.every(({ encryption }) => encryption === undefined)) return "none needed";
  if (given) return "given";
  return objects.some(({ encryption }) => encryption === "gpg") ? "missing" : "perhaps needed";
};

const refuseUndeclared = (key: string): Plan => {
  throw new JobError(
    "bad-config",
    `${key} has no manifest that says what it was taken from`,
    "say what to restore onto: give --target FILE, a plan in JSON, or run it for a stack",
  );
};
