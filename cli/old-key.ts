import { JobError, type OldName, parseOldKey } from "../spec/index.ts";

/**
 * What the name of an old object says.
 * @throws JobError `bad-config` for a key that no older tool writes
 */
export const readOldKey = (key: string): OldName => {
  const name = parseOldKey(key);
  if (name) return name;
  throw new JobError(
    "bad-config",
    `'${key}' is not a name that AIDE's operators, go-s3-backup, Colonies' backup executor or Chipster's backup give`,
    "give the whole key of an old object, as it was stored; where the plan has a `layout`, `restorable list` shows it",
  );
};
