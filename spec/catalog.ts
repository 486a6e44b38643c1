import { z } from "zod";
import { manifest } from "./manifest.ts";
import { mark } from "./mark.ts";
import { proof } from "./proof.ts";
import { pointId } from "./scalars.ts";

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
  /** Sum of the stored artifacts. */
  storedBytes: z.number().int().min(0),
});
export type CatalogPoint = z.infer<typeof catalogPoint>;

/** The newest of expire and unexpire is an expire, and nothing holds it. */
export const isExpiring = ({ marks }: CatalogPoint): boolean =>
  newest(marks.filter(({ kind }) => kind === "expire" || kind === "unexpire"))?.kind === "expire" && !isHeld({ marks });

export const isHeld = ({ marks }: Pick<CatalogPoint, "marks">): boolean => marks.some(({ kind }) => kind === "hold");

export const isQuarantined = ({ marks }: Pick<CatalogPoint, "marks">): boolean =>
  marks.some(({ kind }) => kind === "quarantine");

/** Flagged and not accepted by anybody. */
export const isFlagged = ({ manifest: { flags }, marks }: CatalogPoint): boolean =>
  flags.length > 0 && !marks.some(({ kind }) => kind === "accept");

/** Its newest believed proof says that it can be read back. */
export const isProven = ({ proofs }: CatalogPoint): boolean =>
  newest(proofs.filter(({ signature }) => signature === "valid").map(({ proof: value }) => value))?.ok === true;

const newest = <T extends { at: string }>(items: readonly T[]): T | undefined =>
  items.reduce<T | undefined>(
    (best, item) => (best && Date.parse(best.at) > Date.parse(item.at) ? best : item),
    undefined,
  );
