import path from "node:path";

/** The node that these tests run on. */
export interface NodeOfTier {
  /** Its folder, for the scripts of tools/kubernetes. */
  readonly state: string;
  readonly kubectl: string;
  /** The folder of its programs. */
  readonly programs: string;
  /** The archive of what its pods run. */
  readonly images: string;
}

export const nodeOfTier = (): NodeOfTier => {
  const { RESTORABLE_NODE: state, RESTORABLE_KUBECTL: kubectl, RESTORABLE_IMAGES: images } = process.env;
  if (state === undefined || kubectl === undefined || images === undefined)
    throw new Error("run `npm run test:kubernetes`");
  return { state, kubectl, programs: path.dirname(kubectl), images };
};
