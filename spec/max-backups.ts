import type { Retention } from "./retention.ts";

/**
 * go-s3-backup's MAX_BACKUPS as a retention: the newest n are kept. 0 means there that nothing is ever removed, so it is
 * no retention at all.
 * @throws RangeError for what is no number of backups
 */
export const maxBackups = (count: number): Retention | undefined => {
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`${count} is not a number of backups to keep`);
  return count === 0 ? undefined : { keepLast: count, minimum: Math.min(count, 3) };
};
