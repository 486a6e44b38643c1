import { z } from "zod";
import type { Manifest } from "./manifest.ts";
import { count } from "./scalars.ts";

const seconds = z.number().int().min(0);

/** What Colonies' backup executor answers after a backup: seven keys, and its readers know no other. */
export const coloniesResult = z
  .strictObject({
    filename: z.string().regex(/^backup_\d+\.bak$/),
    bucket: z.string().min(1),
    /** With a slash before the key. */
    filepath_s3: z.string().regex(/^\/(.*\/)?backup_\d+\.bak$/),
    /** Seconds from the beginning of the run to its end. */
    exectime_backup: seconds,
    /** Bytes that were sent. */
    size: count.positive(),
    /** Bytes that the store says it has. */
    size_s3: count.positive(),
    /** Seconds from the moment of the dump, which is stored while it is made, to the end of the run. */
    exectime_upload_s3: seconds,
  })
  .refine(({ size, size_s3: stored }) => size === stored, "expected the same size on both sides");
export type ColoniesResult = z.infer<typeof coloniesResult>;

/**
 * The same for a point of ours. A run whose sizes differ has published no point; so what a manifest says is both.
 * @param root the prefix of its repository
 * @returns undefined for a point that has no object of such a name
 */
export const coloniesResultOf = (
  { sources, started, finished }: Manifest,
  bucket: string,
  root: string,
): ColoniesResult | undefined => {
  for (const entry of sources) {
    const dump = entry.artifacts.find(({ key, below }) => below && /(^|\/)backup_\d+\.bak$/.test(key));
    if (entry.kind !== "postgres" || !dump) continue;
    const since = (from: string) => Math.round((Date.parse(finished) - Date.parse(from)) / 1000);
    return coloniesResult.parse({
      filename: dump.key.slice(dump.key.lastIndexOf("/") + 1),
      bucket,
      filepath_s3: `/${root === "" ? "" : `${root}/`}${dump.key}`,
      exectime_backup: since(started),
      size: dump.bytes,
      size_s3: dump.bytes,
      exectime_upload_s3: since(entry.snapshot.at),
    });
  }
  return undefined;
};
