import type { Grant } from "./grant.ts";
import type { Role } from "./repository.ts";
import { bucketRights, objectRights, otherActions, type Right, type Scope } from "./rights.ts";

export interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: "*" | { readonly AWS: string };
  readonly Action?: readonly string[] | string;
  readonly Resource?: readonly string[];
  readonly NotResource?: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[] | string>>>>;
}

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** The names of our statements begin so; all others are somebody else's and stay. */
export const OUR_STATEMENTS = "Restorable";

/** What AWS and its kin take as a bucket's policy at most, in bytes. */
export const LONGEST_BUCKET_POLICY = 20_480;

export interface BucketPolicyParts {
  readonly arn: string;
  readonly grants?: readonly Grant[] | undefined;
  /** Refuse whoever comes without TLS: not for a store that is reached by http. */
  readonly tlsOnly: boolean;
  /** Where no lifecycle removes what the pruner tags, it deletes. @default false */
  readonly prunerDeletes?: boolean | undefined;
}

/** Our statements of a bucket's policy; none where nothing is granted. */
export const bucketStatements = ({
  arn,
  grants = [],
  tlsOnly,
  prunerDeletes,
}: BucketPolicyParts): readonly Statement[] => {
  const principals = Map.groupBy(grants, ({ principal }) => principal);
  const ofPrincipals = [...principals].flatMap(([principal, own]) => ofPrincipal(arn, principal, own, prunerDeletes));
  return [...(tlsOnly ? [withoutTls(arn)] : []), ...named(ofPrincipals)];
};

/**
 * The policy of an identity that acts in one role. That it does nothing else to any object holds also where somebody
 * gives it more, or lets who wrote an object own it.
 */
export const identityPolicy = (role: Role, scope: Scope, kmsKey?: string): Policy => {
  const objects = objectRights(role, scope);
  return {
    Version: "2012-10-17",
    // Without names, because AWS counts the characters.
    Statement: [
      ...[...objects, ...bucketRights(role, scope)].map(allow),
      ...(kmsKey === undefined ? [] : [{ Effect: "Allow" as const, Action: KMS[role], Resource: [kmsKey] }]),
      denyOthers(scope.arn, objects),
    ],
  };
};

/** No other action on any object. */
const denyOthers = (arn: string, allowed: readonly Right[]): Unnamed => ({
  Effect: "Deny",
  Action: otherActions(allowed),
  Resource: [`${arn}/*`],
});

/** Whoever puts needs a data key; whoever puts an object in parts, or reads, has to open one. */
const KMS: Readonly<Record<Role, readonly string[]>> = {
  writer: ["kms:Decrypt", "kms:GenerateDataKey"],
  reader: ["kms:Decrypt"],
  pruner: ["kms:Decrypt", "kms:GenerateDataKey"],
  prover: ["kms:GenerateDataKey"],
};

type Unnamed = Omit<Statement, "Sid">;

const named = (statements: readonly Unnamed[]): readonly Statement[] =>
  statements.map((statement, index) => ({ Sid: `${OUR_STATEMENTS}${index + 1}`, ...statement }));

const withoutTls = (arn: string): Statement => ({
  Sid: `${OUR_STATEMENTS}Tls`,
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [arn, `${arn}/*`],
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});

/**
 * What an identity may do, and that it may do nothing else to any object: stores give whoever wrote an object rights
 * of its own over it, by which a writer could tag its points for expiry. The bucket itself is left out, because an
 * owner who is named here must still be able to change the policy.
 */
const ofPrincipal = (
  arn: string,
  principal: string,
  grants: readonly Grant[],
  prunerDeletes: boolean | undefined,
): readonly Unnamed[] => {
  const scoped = grants.map(({ role, principal: _, ...place }) => ({ role, scope: { arn, ...place } }));
  const objects = merged(scoped.flatMap(({ role, scope }) => objectRights(role, scope, prunerDeletes)));
  const bucket = scoped.flatMap(({ role, scope }) => bucketRights(role, scope));
  const Principal = { AWS: principal };
  return [
    ...[...objects, ...distinct(bucket)].map((right) => ({ ...allow(right), Principal })),
    ...objects.map(({ actions, resources }) => ({
      Effect: "Deny" as const,
      Principal,
      Action: actions,
      NotResource: resources,
    })),
    { ...denyOthers(arn, objects), Principal },
  ];
};

const allow = ({ actions, resources, listed }: Right): Unnamed => ({
  Effect: "Allow",
  Action: actions,
  Resource: resources,
  // A store says that there is no such key to those only who may list, and to ask for a key is to name no prefix.
  ...(listed ? { Condition: { StringLikeIfExists: { "s3:prefix": listed } } } : {}),
});

/** Each action once, with everything it is allowed on: only so can what is left over be denied. */
const merged = (rights: readonly Right[]): readonly Right[] => {
  const resources = new Map<string, Set<string>>();
  for (const right of rights) {
    for (const action of right.actions) {
      resources.set(action, new Set([...(resources.get(action) ?? []), ...right.resources]));
    }
  }
  const groups = Map.groupBy(resources.keys(), (action) => JSON.stringify([...(resources.get(action) ?? [])]));
  return [...groups].map(([key, actions]) => ({ actions, resources: JSON.parse(key) as string[] }));
};

const distinct = (rights: readonly Right[]): readonly Right[] => {
  const texts = new Set(rights.map((right) => JSON.stringify(right)));
  return [...texts].map((text) => JSON.parse(text) as Right);
};
