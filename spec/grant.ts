import { z } from "zod";
import { ROLES, s3Repository } from "./repository.ts";
import { slug } from "./scalars.ts";

/** A prefix that is a part of a policy, where `*`, `?` and `$` would stand for more than themselves. */
export const policyPrefix = s3Repository.shape.prefix
  .unwrap()
  .regex(/^[^*?$]*$/, "expected a prefix without '*', '?' and '$', which a policy would take for patterns");

/** Keys below the repository's prefix that a compatible layout uses: `backup/postgres-backup-*`. @default none */
export const layoutPatterns = z
  .array(
    z
      .string()
      .regex(
        /^[^*?$/]+(\/[^*?$/]+)*[-/.]\*$|^\*-[^*?$]+\*$/,
        "expected a pattern like 'backup/*' or '*-aide_images-*'",
      ),
  )
  .max(4)
  .readonly();

/** What one identity of the store may do in a bucket. */
export const grant = z.strictObject({
  role: z.enum(ROLES),
  /** The identity as the store's policies name it: `arn:aws:iam:::user/packit-writer` on Ceph. Never everybody. */
  principal: z.string().regex(/^[^*\s]+$/, "expected one identity, such as arn:aws:iam:::user/packit-writer"),
  /** The repository's prefix. @default "" */
  prefix: policyPrefix.optional(),
  /** @default every environment */
  environment: slug.optional(),
  /** @default every plan */
  plan: slug.optional(),
  keys: layoutPatterns.optional(),
});
export type Grant = z.infer<typeof grant>;
