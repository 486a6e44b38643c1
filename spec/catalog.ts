import { z } from "zod";
import { manifest } from "./manifest.ts";
import { type Mark, mark } from "./mark.ts";
import { type Proof, proof } from "./proof.ts";
import { instant, pointId } from "./scalars.ts";

/** `valid`: by a trusted key. `untrusted`: correct, but by a key that is not configured. */
export const signatureState = z.enum(["valid", "untrusted", "bad", "none"]);
export type SignatureState = z.infer<typeof signatureState>;

/** One recovery point as the catalog shows it. */
export const catalogPoint = z.strictObject({
  id: pointId,
  manifest,
  signature: signatureState,
  /** Versions of the manifest's key beyond the first: somebody wrote over it. */
  extraVersions: z.number().int().min(0),
  marks: z.array(mark),
  proofs: z.array(z.strictObject({ proof, signature: signatureState })),
  /** When it was copied here from another repository. */
  copiedAt: instant.optional(),
  /** Sum of the stored artifacts. */
  storedBytes: z.number().int().min(0),
});
export type CatalogPoint = z.infer<typeof catalogPoint>;

/** The newest of expire and unexpire is an expire, and nothing holds it. Of one instant, the unexpire counts. */
export const isExpiring = ({ marks }: Pick<CatalogPoint, "marks">): boolean => {
  const [expire, unexpire] = [newest(marks.filter(isKind("expire"))), newest(marks.filter(isKind("unexpire")))];
  return expire > unexpire && !isHeld({ marks });
};

export const isHeld = ({ marks }: Pick<CatalogPoint, "marks">): boolean => isInForce(marks, "hold");

export const isQuarantined = ({ marks }: Pick<CatalogPoint, "marks">): boolean => isInForce(marks, "quarantine");

/** Until a later release. Of one instant, what protects counts. */
const isInForce = (marks: readonly Mark[], kind: Mark["kind"]): boolean => {
  const marked = newest(marks.filter(isKind(kind)));
  return marked > Number.NEGATIVE_INFINITY && marked >= newest(marks.filter(isKind("release")));
};

/** Flagged and not accepted by anybody. */
export const isFlagged = ({ manifest: { flags }, marks }: Pick<CatalogPoint, "manifest" | "marks">): boolean =>
  flags.length > 0 && !marks.some(({ kind }) => kind === "accept");

/** Its newest believed proof says that it can be read back. Of one instant, a failed one counts. */
export const isProven = ({ proofs }: Pick<CatalogPoint, "proofs">): boolean => {
  const believed = proofs.filter(({ signature }) => signature === "valid").map(({ proof: value }) => value);
  return newest(believed.filter(({ ok }) => ok)) > newest(believed.filter(({ ok }) => !ok));
};

/** The newest believed proof of a drill of any of the points. */
export const newestDrill = (points: readonly Pick<CatalogPoint, "proofs">[]): Proof | undefined =>
  points
    .flatMap(({ proofs }) => proofs)
    .filter(({ signature, proof: value }) => signature === "valid" && value.kind === "drill")
    .map(({ proof: value }) => value)
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .at(-1);

const isKind =
  (kind: Mark["kind"]) =>
  (value: Mark): boolean =>
    value.kind === kind;

const newest = (items: readonly { readonly at: string }[]): number =>
  items.reduce((latest, { at }) => Math.max(latest, Date.parse(at)), Number.NEGATIVE_INFINITY);
