import type { LifecycleRule } from "@aws-sdk/client-s3";
import * as spec from "../../spec/index.ts";

/** Our rules as the SDK spells them. */
export const lifecycleRules = (days: spec.LifecycleDays): readonly LifecycleRule[] =>
  spec.lifecycleRules(days).map(sdkRule);

const sdkRule = (rule: spec.LifecycleRule): LifecycleRule => {
  const { filter, expiration, noncurrentVersionExpiration: noncurrent, abortIncompleteMultipartUpload: abort } = rule;
  return {
    ID: rule.id,
    Status: rule.status,
    Filter: "tag" in filter ? { Tag: { Key: filter.tag.key, Value: filter.tag.value } } : { Prefix: filter.prefix },
    ...(expiration
      ? { Expiration: "days" in expiration ? { Days: expiration.days } : { ExpiredObjectDeleteMarker: true } }
      : {}),
    ...(noncurrent ? { NoncurrentVersionExpiration: { NoncurrentDays: noncurrent.noncurrentDays } } : {}),
    ...(abort ? { AbortIncompleteMultipartUpload: { DaysAfterInitiation: abort.daysAfterInitiation } } : {}),
  };
};

/** The bucket's rules with ours as they should be, and everybody else's as they are. */
export const withOurRules = (existing: readonly LifecycleRule[], ours: readonly LifecycleRule[]): LifecycleRule[] => [
  ...existing.filter(({ ID }) => !ID?.startsWith(spec.OUR_RULES)),
  ...ours,
];

/** Whether some enabled rule expires the noncurrent and the current version of what prune tags. */
export const expiresTagged = (rules: readonly LifecycleRule[]): boolean =>
  rules.some(
    ({ Status, Filter, Expiration, NoncurrentVersionExpiration }) =>
      Status === "Enabled" &&
      Filter?.Tag?.Key === spec.EXPIRE_KEY &&
      Filter.Tag.Value === spec.EXPIRE_VALUE &&
      Expiration?.Days !== undefined &&
      NoncurrentVersionExpiration !== undefined,
  );
