import { nameWithSuffix } from "./identifier.ts";

/** `20261121_010000`, UTC. */
const stamp = (at: Date): string => at.toISOString().replace(/[-:]/g, "").replace("T", "_").slice(0, 15);

const unique = (live: string, suffix: string, taken: ReadonlySet<string>): string => {
  for (let turn = 1; ; turn += 1) {
    const name = nameWithSuffix(live, turn === 1 ? suffix : `${suffix}_${turn}`);
    if (!taken.has(name)) return name;
  }
};

/** The name that a replaced database is kept under: `<name>_org_<time>`, at most 63 bytes, none of `taken`. */
export const supersededName = (live: string, at: Date, taken: ReadonlySet<string> = new Set()): string =>
  unique(live, `_org_${stamp(at)}`, taken);

/** The name of the copy that is restored beside the live database: `<name>_new_<time>`, at most 63 bytes, none of `taken`. */
export const besideName = (live: string, at: Date, taken: ReadonlySet<string> = new Set()): string =>
  unique(live, `_new_${stamp(at)}`, taken);
