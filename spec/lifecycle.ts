/** The tag by which the bucket's lifecycle rules expire an object, current or noncurrent. */
export const EXPIRE_TAG = { restorable: "expire" } as const;

export const [EXPIRE_KEY, EXPIRE_VALUE] = Object.entries(EXPIRE_TAG)[0] as [string, string];

/** The ids of our rules begin so; all others are somebody else's and stay. */
export const OUR_RULES = "restorable-";

export interface LifecycleDays {
  /** Days that noncurrent versions of tagged objects stay. @default 1 */
  readonly noncurrentDays?: number | undefined;
  /** Days after which an unfinished multipart upload is aborted. @default 7 */
  readonly abortUploadsAfterDays?: number | undefined;
}

/** One rule in S3's own words, as Pulumi spells them. */
export interface LifecycleRule {
  readonly id: string;
  readonly status: "Enabled";
  readonly filter: { readonly tag: { readonly key: string; readonly value: string } } | { readonly prefix: string };
  readonly expiration?: { readonly days: number } | { readonly expiredObjectDeleteMarker: true };
  readonly noncurrentVersionExpiration?: { readonly noncurrentDays: number };
  readonly abortIncompleteMultipartUpload?: { readonly daysAfterInitiation: number };
}

/**
 * Our rules. Only what prune tagged expires, current or noncurrent: a rule for all noncurrent versions would destroy
 * the version that a manifest names as soon as somebody wrote over its key. Delete markers and unfinished uploads hold
 * no data, and cannot be selected by a tag.
 */
export const lifecycleRules = ({
  noncurrentDays = 1,
  abortUploadsAfterDays = 7,
}: LifecycleDays): readonly LifecycleRule[] => [
  {
    id: `${OUR_RULES}expire-tagged`,
    status: "Enabled",
    filter: { tag: { key: EXPIRE_KEY, value: EXPIRE_VALUE } },
    expiration: { days: 1 },
    noncurrentVersionExpiration: { noncurrentDays },
  },
  {
    id: `${OUR_RULES}delete-markers`,
    status: "Enabled",
    filter: { prefix: "" },
    expiration: { expiredObjectDeleteMarker: true },
  },
  {
    id: `${OUR_RULES}unfinished-uploads`,
    status: "Enabled",
    filter: { prefix: "" },
    abortIncompleteMultipartUpload: { daysAfterInitiation: abortUploadsAfterDays },
  },
];
