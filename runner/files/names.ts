import { createHash } from "node:crypto";
import path from "node:path";
import type { JournalPart } from "../../spec/index.ts";

/** The journal's entry about a directory. */
export type FilesPart = Extract<JournalPart, { kind: "files" }>;
/** The three names of a swap, and whether there is anything to supersede. */
export type SwapNames = Pick<FilesPart, "live" | "beside" | "superseded" | "existed">;

/**
 * How a directory is swapped. `sibling`: whole directories are renamed beside each other. `inside`: the directory
 * itself cannot be renamed (a mount point such as a Docker volume, or a parent that may not be written), so its
 * children are moved into and out of two directories inside it.
 */
export type SwapForm = "sibling" | "inside";

const NEW = /^_new_[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const ORG = /^_org_\d{8}T\d{6}Z$/;
const INSIDE_NEW = /^\.restorable-new-[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const INSIDE_ORG = /^\.restorable-org-\d{8}T\d{6}Z$/;

/** Our own directories at the top of a directory that is swapped from inside; never part of its data. */
export const OWN_INSIDE = /^\.restorable-(new|org)-/;
/** The same for tar, anchored. */
export const OWN_PATTERNS = ["./.restorable-new-*", "./.restorable-org-*"];

/** Where a restore into `live` unpacks. */
export const besideDirectory = (live: string, id: string, form: SwapForm = "sibling"): string =>
  form === "inside" ? path.join(live, `.restorable-new-${id}`) : sibling(live, `_new_${id}`);

/** Where the data of `live` are kept that a restore asked for at this time replaces. */
export const supersededDirectory = (live: string, at: Date, form: SwapForm = "sibling"): string => {
  const time = `${at.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
  return form === "inside" ? path.join(live, `.restorable-org-${time}`) : sibling(live, `_org_${time}`);
};

/** The form of a swap, as its names say it. */
export const swapForm = ({ live, superseded }: Pick<SwapNames, "live" | "superseded">): SwapForm =>
  path.dirname(superseded) === live ? "inside" : "sibling";

/**
 * The tree within `beside`. A new one lies in a directory of its own with mode 0700, so that nobody but the restore
 * reads data that no hook has scrubbed yet, and the tree's own mode is what the archive says all along.
 */
export const besideTree = ({ live, beside }: Pick<SwapNames, "live" | "beside">): string =>
  isWrapped({ live, beside }) ? path.join(beside, "tree") : beside;

/**
 * Made by a swap that superseded nothing, and left until the restore ends: without it an undo could not tell the
 * restored tree from one that somebody else made under the live name.
 */
export const swappedMarker = ({ beside }: Pick<SwapNames, "beside">): string => path.join(beside, "swapped");

/** Whether the tree lies one level down: always, but for a superseded directory beside the live one. */
export const isWrapped = ({ live, beside }: Pick<SwapNames, "live" | "beside">): boolean =>
  path.dirname(beside) === live || !isSibling(live, beside, ORG);

/** Whether we would have given `live` a new copy of this name. */
export const isBesideName = (live: string, directory: string): boolean =>
  isSibling(live, directory, NEW) || isChild(live, directory, INSIDE_NEW);

/** Whether we would have kept superseded data of `live` under this name. */
export const isSupersededName = (live: string, directory: string): boolean =>
  isSibling(live, directory, ORG) || isChild(live, directory, INSIDE_ORG);

const isChild = (live: string, directory: string, pattern: RegExp): boolean =>
  path.dirname(directory) === live && pattern.test(path.basename(directory));

/** The live name may itself hold `_new_`, so every place where the addition could begin is tried. */
const isSibling = (live: string, directory: string, pattern: RegExp): boolean => {
  const name = path.basename(directory);
  for (let at = 0; at < name.length; at += 1) {
    const addition = name.slice(at);
    if (pattern.test(addition) && sibling(live, addition) === directory) return true;
  }
  return false;
};

const LONGEST = 255;

/** A name in Linux has at most 255 bytes: a longer one is cut, and told apart by a digest. */
const sibling = (live: string, addition: string): string => {
  const base = path.basename(live);
  const room = LONGEST - addition.length;
  if (Buffer.byteLength(base) <= room) return `${live}${addition}`;
  const digest = createHash("sha256").update(base).digest("hex").slice(0, 8);
  let kept = "";
  for (const character of base) {
    if (Buffer.byteLength(kept + character) > room - digest.length - 1) break;
    kept += character;
  }
  return path.join(path.dirname(live), `${kept}-${digest}${addition}`);
};
