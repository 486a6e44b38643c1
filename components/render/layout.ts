import type { LayoutChoice } from "../args/layout-args.ts";

/** A layout as the contract has it. */
export const layoutSpec = (choice: LayoutChoice | undefined) => {
  if (choice?.aide) return { kind: "aide", ...choice.aide } as const;
  return choice?.goS3Backup && ({ kind: "go-s3-backup", ...choice.goS3Backup } as const);
};
