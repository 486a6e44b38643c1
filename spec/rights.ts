import {
  ARTIFACTS,
  CATALOG,
  COPIES,
  FILES,
  FILES_PASSWORD_KEY,
  LEASE_KEY,
  MARKS,
  PROOFS,
  planPrefix,
} from "./layout.ts";
import type { Role } from "./repository.ts";

/** The part of a bucket in which a role acts. */
export interface Scope {
  /** The bucket as policies name it: `arn:aws:s3:::backups`. */
  readonly arn: string;
  /** The repository's prefix. @default "" */
  readonly prefix?: string | undefined;
  /** @default every environment */
  readonly environment?: string | undefined;
  /** @default every plan */
  readonly plan?: string | undefined;
  /** Patterns of keys below the prefix that a compatible layout uses beside the plans' own. @default none */
  readonly keys?: readonly string[] | undefined;
}

/** Some actions and what they are allowed on. */
export interface Right {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Prefixes to which a listing is limited. */
  readonly listed?: readonly string[];
}

const READ = ["s3:GetObject", "s3:GetObjectVersion"];
const TAG = ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"];
const PUT = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
const LOCK = ["s3:GetObjectRetention", "s3:PutObjectRetention"];
const SETTINGS = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:GetLifecycleConfiguration"];

type Below = readonly (readonly [actions: readonly string[], below: readonly string[]])[];

/**
 * What each role does to objects of a plan. The writer reads what it writes, because what was stored is looked at
 * before it is published; it writes neither marks nor proofs, or who steals its key could let every point expire.
 */
const OBJECTS: Readonly<Record<Role, Below>> = {
  writer: [
    [
      [...READ, ...PUT],
      [`${CATALOG}*`, `${ARTIFACTS}*`, `${COPIES}*`, `${FILES}*`, FILES_PASSWORD_KEY, LEASE_KEY],
    ],
    [["s3:DeleteObject"], [`${FILES}locks/*`]],
  ],
  reader: [[READ, ["*"]]],
  pruner: [
    // It extends only the locks of what points share; to name those keys would make the policy longer than AWS takes.
    [[...READ, ...TAG, ...LOCK, "s3:AbortMultipartUpload"], ["*"]],
    [["s3:PutObject"], [`${MARKS}*`, `${FILES}*`]],
    [["s3:DeleteObject"], [`${FILES}*`]],
  ],
  prover: [[["s3:PutObject"], [`${PROOFS}*`]]],
};

/** What each role does to the keys of a compatible layout. */
const LAYOUT: Readonly<Record<Role, readonly string[]>> = {
  writer: [...READ, ...PUT],
  reader: READ,
  pruner: [...READ, ...TAG],
  prover: [],
};

/** What the pruner does besides where no lifecycle removes what it tags. */
const DELETES: Below = [[["s3:DeleteObject", "s3:DeleteObjectVersion"], ["*"]]];

/** What a role does to the bucket itself. Unfinished uploads cannot be limited to a prefix; only their keys are seen. */
const BUCKET: Readonly<Record<Role, readonly string[]>> = {
  writer: [...SETTINGS, "s3:ListBucketMultipartUploads"],
  reader: SETTINGS,
  pruner: [...SETTINGS, "s3:ListBucketMultipartUploads", "s3:GetBucketObjectLockConfiguration"],
  prover: [],
};

/** What a role may do to objects. */
export const objectRights = (role: Role, scope: Scope, prunerDeletes = false): readonly Right[] => {
  const deletes = role === "pruner" && prunerDeletes;
  const inPlans = rights(`${scope.arn}/${planPath(scope)}`, [...OBJECTS[role], ...(deletes ? DELETES : [])]);
  if (!scope.keys?.length || role === "prover") return inPlans;
  const layout = [...LAYOUT[role], ...(deletes ? DELETES.flatMap(([actions]) => actions) : [])];
  return [...inPlans, ...rights(`${scope.arn}/${rootPath(scope)}`, [[layout, scope.keys]])];
};

const rights = (path: string, below: Below): readonly Right[] =>
  below.map(([actions, parts]) => ({ actions, resources: parts.map((part) => `${path}${part}`) }));

/** What a role may ask the bucket. */
export const bucketRights = (role: Role, scope: Scope): readonly Right[] => {
  if (role === "prover") return [];
  // Keys of a compatible layout have no place of their own, so whoever looks for them looks through the whole prefix.
  const known = scope.keys?.length ? rootPath(scope) : (planPath(scope).split("*", 1)[0] as string);
  const list = { actions: ["s3:ListBucket", "s3:ListBucketVersions"], resources: [scope.arn] };
  return [known === "" ? list : { ...list, listed: [`${known}*`] }, { actions: BUCKET[role], resources: [scope.arn] }];
};

/**
 * Everything else that can be done to an object, as patterns: who is allowed none of what one stands for is denied it
 * all. Written out, because Ceph passes over a `NotAction`.
 */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  "s3:GetObject*": READ,
  "s3:PutObject": ["s3:PutObject"],
  "s3:AbortMultipartUpload": ["s3:AbortMultipartUpload"],
  "s3:DeleteObject*": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
  "s3:*Tagging": [...TAG, "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"],
  "s3:*Acl": ["s3:PutObjectAcl", "s3:PutObjectVersionAcl"],
  "s3:*Retention": [...LOCK, "s3:BypassGovernanceRetention"],
  "s3:*LegalHold": ["s3:PutObjectLegalHold"],
};

/** What is denied to whoever may do only so much to objects. */
export const otherActions = (allowed: readonly Right[]): readonly string[] => {
  const own = new Set(allowed.flatMap(({ actions }) => actions));
  return Object.entries(FAMILIES).flatMap(([pattern, actions]) => {
    const others = actions.filter((action) => !own.has(action));
    return others.length === actions.length ? [pattern] : others;
  });
};

const rootPath = ({ prefix = "" }: Scope): string => (prefix === "" ? "" : `${prefix}/`);

const planPath = ({ prefix, environment = "*", plan = "*" }: Scope): string =>
  planPrefix(prefix ?? "", environment, plan);
