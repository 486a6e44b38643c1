import {
  type CatalogPoint,
  type Check,
  goesElsewhere,
  isFlagged,
  isProven,
  isQuarantined,
  kindOf,
  oldSources,
  onlyText,
  pickedTables,
  recreatedClaims,
  type Source,
  sqlTableName,
} from "../../spec/index.ts";
import { type Intent, takenSources } from "./intent.ts";

/** What can be said against a restore before anything is touched. Those that are not ok refuse it. */
export const intentChecks = (intent: Intent): readonly Check[] => [
  idCheck(intent),
  reasonCheck(intent),
  signatureCheck(intent),
  keyCheck(intent),
  ...sourceChecks(intent),
  ...placeChecks(intent),
];

const check = (name: string, ok: boolean, good: string, bad: string): Check => ({ name, ok, detail: ok ? good : bad });

const idCheck = ({ request: { id }, usedIds }: Intent): Check =>
  check(
    "request id",
    !usedIds.includes(id),
    `'${id}' is new`,
    `'${id}' was used already, and an id never runs twice: give another --id`,
  );

const reasonCheck = ({ plan, request: { reason } }: Intent): Check =>
  check(
    "reason",
    !plan.protected || reason !== undefined,
    reason === undefined ? "the plan is not protected" : reason,
    "the plan is protected: say why with --reason",
  );

const signatureCheck = ({ taken, request }: Intent): Check => {
  const signature = taken.kind === "point" ? taken.point.signature : "none";
  return check(
    "signature",
    signature === "valid" || request.unverified === true,
    signature === "valid" ? "by a trusted key" : `'${signature}', taken because of --unverified`,
    `'${signature}': find out who wrote it, or say --unverified`,
  );
};

/** With a stack, the key is in its config, where it is not seen before `pulumi up` uses it. */
const keyCheck = ({ key, found }: Intent): Check =>
  check(
    "key",
    key !== "missing" || found.stack !== undefined,
    KEYS[key],
    "none given: give --identity FILE, the private key of one of the point's recipients",
  );

const KEYS: Readonly<Record<Intent["key"], string>> = {
  opens: "it opens the point",
  missing: "none given here: the stack's config must have it",
  given: "it is tried before anything is stopped",
  "perhaps needed": "none given: where the archive's files are encrypted it is refused before anything is stopped",
  "none needed": "none is needed: what older tools stored is not encrypted by us",
};

const sourceChecks = (intent: Intent): readonly Check[] => {
  const { plan, request } = intent;
  const unknown = (request.sources ?? []).filter((name) => !plan.sources.some((source) => source.name === name));
  const taken = takenSources(intent);
  const { into, only } = request;
  const single = goesElsewhere(into) || only !== undefined;
  const kind = only ? kindOf(only) : into.database === undefined ? "files" : "postgres";
  const held = heldBy(intent);
  const offered = held.filter((entry) => taken.some((source) => source.kind === entry.kind));
  return [
    check(
      "sources",
      unknown.length === 0 && taken.length > 0,
      taken.map(({ name }) => name).join(", "),
      wrongSources(intent, unknown),
    ),
    ...(single
      ? [
          check(
            "one source",
            taken.length === 1,
            taken[0]?.name ?? "",
            `${only ? onlyText(only) : "a new place"} takes one ${kind} source: name it with --source`,
          ),
        ]
      : []),
    check(
      "point holds them",
      offered.length > 0,
      offered.map(({ name }) => name).join(", "),
      `the point holds ${held.map(({ name }) => name).join(", ")}`,
    ),
    ...ambiguityChecks(intent),
    ...tableChecks(intent),
  ];
};

/** The manifest names tables; of paths only the source's own listing does, which the job reads. */
const tableChecks = ({ taken, request: { only } }: Intent): readonly Check[] => {
  if (taken.kind === "old") return [];
  const held = taken.point.manifest.sources.flatMap((entry) => (entry.kind === "postgres" ? entry.counts : []));
  const unknown = (pickedTables(only) ?? []).filter(
    ({ schema, table }) => !held.some((each) => each.schema === schema && each.table === table),
  );
  return unknown.map((table) => ({
    name: "table",
    ok: false,
    detail: `the point holds no rows of ${sqlTableName(table)}: see \`restorable show\`; capital letters count`,
  }));
};

/** What can be taken, by kind. */
const heldBy = ({ taken }: Intent): readonly { readonly kind: Source["kind"]; readonly name: string }[] =>
  taken.kind === "point" ? taken.point.manifest.sources : taken.objects.map(({ kind, key }) => ({ kind, name: key }));

/** An old object does not say which source it is of. */
const ambiguityChecks = ({ taken, plan, request }: Intent): readonly Check[] =>
  (taken.kind === "old" ? taken.objects : []).flatMap(({ key, kind }) => {
    const names = oldSources(plan, request, kind).map(({ name }) => name);
    const detail = `${key} may be of ${names.join(" or ")}: name one with --source`;
    return names.length < 2 ? [] : [{ name: "one source", ok: false, detail }];
  });

/** Containers have no directories of their own that would stay, and other targets have no volumes. */
const placeChecks = ({ plan, request }: Intent): readonly Check[] => {
  const { into } = request;
  const inContainers = plan.target.kind !== "local";
  const claims = recreatedClaims(request);
  if (claims.length > 0) {
    const inCluster = plan.target.kind === "kubernetes";
    return [check("claims", inCluster, claims.join(", "), "the plan's target is no cluster, so it has no claims")];
  }
  if (into.volume !== undefined)
    return [check("place", inContainers, into.volume, "the plan's target has no volumes: give --directory instead")];
  if (into.directory !== undefined)
    return [check("place", !inContainers, into.directory, "the plan's jobs run in containers: give --volume instead")];
  return [];
};

const wrongSources = ({ plan }: Intent, unknown: readonly string[]): string => {
  const has = `the plan has ${plan.sources.map(({ name }) => name).join(", ")}`;
  return unknown.length > 0 ? `unknown: ${unknown.join(", ")}; ${has}` : `nothing would be restored; ${has}`;
};

/** Warnings, no refusals: in an emergency a doubtful point may be the best there is. */
export const doubts = ({ taken }: Intent): readonly string[] =>
  taken.kind === "point" ? pointDoubts(taken.point) : [NO_MANIFEST];

const NO_MANIFEST =
  "UNVERIFIED: no manifest says what the old object held. It is read to its end before anything is replaced;\nwhether it is whole is then known, and whether it is what was once stored is not";

const pointDoubts = (point: CatalogPoint): readonly string[] => [
  ...(isQuarantined(point) ? ["the point is QUARANTINED"] : []),
  ...(isFlagged(point) ? [`the point is FLAGGED: ${point.manifest.flags.map(({ fact }) => fact).join("; ")}`] : []),
  ...(isProven(point) ? [] : ["the point is not proven: `restorable verify` reads it back first"]),
];
