import path from "node:path";

/** The node that this tier has booted. */
export interface NodeOfTier {
  /** Its folder, for the scripts of tools/kubernetes. */
  readonly state: string;
  readonly kubectl: string;
  /** The folder of its programs. */
  readonly programs: string;
}

export const nodeOfTier = (): NodeOfTier => {
  const { RESTORABLE_NODE: state, RESTORABLE_KUBECTL: kubectl } = process.env;
  if (state === undefined || kubectl === undefined) throw new Error("run `npm run test:kubernetes`");
  return { state, kubectl, programs: path.dirname(kubectl) };
};
