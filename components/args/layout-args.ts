import { z } from "zod";
import { compatibleLayout } from "../../spec/index.ts";
import type { ExclusiveUnion } from "../exclusive-union.ts";
import { exclusive } from "./schema.ts";

/** An older tool's names, relative to the repository's root. */
export type LayoutChoice = ExclusiveUnion<{
  /** `<host>-ailabeltooldb-<time>.dump` and `<host>-aide_images-<time>.tar`. `host`: @default where the backup runs */
  aide: { readonly host?: string | undefined };
  /** `<prefix>postgres-backup-<time>.sql`. `prefix`: @default "backup/" */
  goS3Backup: { readonly prefix?: string | undefined };
  /** `<prefix>backup_<seconds>.bak`. `prefix`: @default "backups/" */
  colonies: { readonly prefix?: string | undefined };
  /** Chipster's archives of databases, which are only read. `prefix`: @default the whole repository */
  chipster: { readonly prefix?: string | undefined };
}>;

const [aide, goS3Backup, colonies, chipster] = compatibleLayout.options;

export const layoutArgs = exclusive({
  aide: z.strictObject({ host: aide.shape.host }),
  goS3Backup: z.strictObject({ prefix: goS3Backup.shape.prefix.optional() }),
  colonies: z.strictObject({ prefix: colonies.shape.prefix.optional() }),
  chipster: z.strictObject({ prefix: chipster.shape.prefix.optional() }),
});
