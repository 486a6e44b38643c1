import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { request } from "../../spec/index.ts";
import { BackupPlan } from "../backup-plan.ts";
import { Repository } from "../repository.ts";
import { optional, text } from "./schema.ts";

/** What an operator asks for, in stack config: see the fields of the request in the package's `spec`. */
export type RestoreRequest = z.input<typeof request>;

export interface RestoreArgs {
  /** What may be restored onto. */
  readonly plans: readonly BackupPlan[];
  /** Other environments' repositories that a request may name. The plans' own need not be listed. @default none */
  readonly from?: readonly Repository[] | undefined;
  /**
   * An age private key of one of the point's recipients (`AGE-SECRET-KEY-1…`). A secret; it stays with the launcher.
   * @default the environment variable RESTORABLE_IDENTITY of whoever runs `pulumi up`
   */
  readonly identity?: pulumi.Input<string> | undefined;
  /** A new id is one new run; absent: nothing runs. @default absent */
  readonly request?: RestoreRequest | undefined;
}

export const restoreArgs = z.strictObject({
  plans: z
    .array(z.custom<BackupPlan>(BackupPlan.isInstance, "expected a BackupPlan"))
    .min(1, "expected at least one plan"),
  from: z.array(z.custom<Repository>(Repository.isInstance, "expected a Repository")).optional(),
  identity: optional(text),
  request: request.optional(),
});
