import { type CatalogPoint, isExpiring, isFlagged, isHeld, isProven, isQuarantined } from "../spec/index.ts";

/** What there is to know about a point beyond its data, the bad news first. */
export const pointState = (point: CatalogPoint): readonly string[] => [
  ...(point.signature === "valid" ? [] : [`signature ${point.signature}`]),
  ...(isQuarantined(point) ? ["quarantined"] : []),
  ...(isFlagged(point) ? ["flagged"] : []),
  ...(point.extraVersions > 0 ? ["overwritten"] : []),
  ...(isExpiring(point) ? ["expires"] : []),
  ...(isHeld(point) ? ["held"] : []),
  ...(proofState(point) ?? []),
];

const proofState = (point: CatalogPoint): string[] | undefined => {
  if (isProven(point)) return ["proven"];
  const last = point.proofs.findLast(({ signature }) => signature === "valid");
  return last && [`failed its ${last.proof.kind}`];
};

/** Rows of all databases and files of all directories in a point; undefined where it has none. */
export const contents = ({ manifest: { sources } }: CatalogPoint): { rows?: number; files?: number } => {
  const rows = sources.flatMap((entry) => (entry.kind === "postgres" ? [entry.rows] : []));
  const files = sources.flatMap((entry) => (entry.kind === "files" ? [entry.counts.files] : []));
  return {
    ...(rows.length > 0 ? { rows: sum(rows) } : {}),
    ...(files.length > 0 ? { files: sum(files) } : {}),
  };
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
