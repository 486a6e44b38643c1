import type { LayoutChoice } from "../args/layout-args.ts";
import type { SourceArgs } from "../args/source-args.ts";

/** A layout as the contract has it. */
export const layoutSpec = (choice: LayoutChoice | undefined) => {
  if (choice?.aide) return { kind: "aide", ...choice.aide } as const;
  if (choice?.colonies) return { kind: "colonies", ...choice.colonies } as const;
  if (choice?.chipster) return { kind: "chipster", ...choice.chipster } as const;
  return choice?.goS3Backup && ({ kind: "go-s3-backup", ...choice.goS3Backup } as const);
};

/** Patterns of keys that a layout needs for these sources, and that none of the granted ones covers. */
export const ungranted = (
  layout: LayoutChoice | undefined,
  sources: readonly SourceArgs[],
  granted: readonly string[],
): readonly string[] =>
  neededPatterns(layout, sources).filter((needed) => !granted.some((pattern) => covers(pattern, needed)));

const neededPatterns = (layout: LayoutChoice | undefined, sources: readonly SourceArgs[]): readonly string[] => {
  if (layout?.goS3Backup) return [`${layout.goS3Backup.prefix ?? "backup/"}postgres-backup-*`];
  if (layout?.colonies) return [`${layout.colonies.prefix ?? "backups/"}backup_*`];
  if (!layout?.aide) return [];
  const host = layout.aide.host ?? "*";
  return [
    ...(sources.some(({ postgres }) => postgres) ? [`${host}-ailabeltooldb-*`] : []),
    ...(sources.some(({ files }) => files) ? [`${host}-aide_images-*`] : []),
  ];
};

/** Whether a pattern matches whatever the needed one does; only `*` stands for more than itself. */
const covers = (pattern: string, needed: string): boolean => {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(needed);
};
