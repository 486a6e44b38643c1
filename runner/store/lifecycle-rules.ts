import type { LifecycleRule } from "@aws-sdk/client-s3";
import { EXPIRE_TAG } from "./store.ts";

/** The ids of our rules begin so; all others are somebody else's and stay. */
export const OUR_RULES = "restorable-";

export interface LifecycleDays {
  /** Days that noncurrent versions of tagged objects stay. */
  readonly noncurrentDays: number;
  /** Days after which an unfinished multipart upload is aborted. */
  readonly abortUploadsAfterDays: number;
}

const [EXPIRE_KEY, EXPIRE_VALUE] = Object.entries(EXPIRE_TAG)[0] as [string, string];

/**
 * Our rules. Only what prune tagged expires, current or noncurrent: a rule for all noncurrent versions would destroy
 * the version that a manifest names as soon as somebody wrote over its key. Delete markers and unfinished uploads hold
 * no data, and cannot be selected by a tag.
 */
export const lifecycleRules = ({ noncurrentDays, abortUploadsAfterDays }: LifecycleDays): readonly LifecycleRule[] => [
  {
    ID: `${OUR_RULES}expire-tagged`,
    Status: "Enabled",
    Filter: { Tag: { Key: EXPIRE_KEY, Value: EXPIRE_VALUE } },
    Expiration: { Days: 1 },
    NoncurrentVersionExpiration: { NoncurrentDays: noncurrentDays },
  },
  {
    ID: `${OUR_RULES}delete-markers`,
    Status: "Enabled",
    Filter: { Prefix: "" },
    Expiration: { ExpiredObjectDeleteMarker: true },
  },
  {
    ID: `${OUR_RULES}unfinished-uploads`,
    Status: "Enabled",
    Filter: { Prefix: "" },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: abortUploadsAfterDays },
  },
];

/** The bucket's rules with ours as they should be, and everybody else's as they are. */
export const withOurRules = (existing: readonly LifecycleRule[], ours: readonly LifecycleRule[]): LifecycleRule[] => [
  ...existing.filter(({ ID }) => !ID?.startsWith(OUR_RULES)),
  ...ours,
];

/** Whether some enabled rule expires the noncurrent and the current version of what prune tags. */
export const expiresTagged = (rules: readonly LifecycleRule[]): boolean =>
  rules.some(
    ({ Status, Filter, Expiration, NoncurrentVersionExpiration }) =>
      Status === "Enabled" &&
      Filter?.Tag?.Key === EXPIRE_KEY &&
      Filter.Tag.Value === EXPIRE_VALUE &&
      Expiration?.Days !== undefined &&
      NoncurrentVersionExpiration !== undefined,
  );
