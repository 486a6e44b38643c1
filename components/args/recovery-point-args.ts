import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { BackupPlan } from "../backup-plan.ts";
import { leaf, optional, text } from "./schema.ts";

export interface RecoveryPointArgs {
  /** What a point is taken of. */
  readonly plan: BackupPlan;
  /** What the point is for, such as the version that the application is migrated to. Another text is one new point. */
  readonly trigger: pulumi.Input<string>;
  /**
   * An age private key of one of the plan's recipients. With it the point is decrypted and unpacked as well, and
   * recorded as proven. A secret; it stays with the launcher. @default none: what is stored is read by its digests
   */
  readonly identity?: pulumi.Input<string> | undefined;
}

export const recoveryPointArgs = z.strictObject({
  plan: z.custom<BackupPlan>(BackupPlan.isInstance, "expected a BackupPlan"),
  trigger: leaf(text),
  identity: optional(text),
});
