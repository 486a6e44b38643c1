import { describe, expect, test } from "vitest";
import {
  bucketStatements,
  type Grant,
  grant,
  identityPolicy,
  OUR_STATEMENTS,
  ROLES,
  type Role,
} from "../../spec/index.ts";
import { mayHappen } from "../support/evaluate-policy.ts";

const arn = "arn:aws:s3:::backups";
const scope = { arn, prefix: "montagu", environment: "prod" };
const who = (role: string) => `arn:aws:iam:::user/${role}`;
const grants: readonly Grant[] = ROLES.map((role) => ({
  role,
  principal: who(role),
  prefix: "montagu",
  environment: "prod",
}));
const granted = bucketStatements({ arn, grants, tlsOnly: false });

const KEYS = {
  lease: "lease.json",
  manifest: "catalog/20261121T010000Z-7f3a.json",
  artifact: "artifacts/20261121T010000Z-7f3a/db.dump.zst.age",
  mark: "marks/20261121T010000Z-7f3a/20261121T020000.000Z-expire.json",
  proof: "proofs/20261121T010000Z-7f3a/20261121T020000.000Z.json",
  pack: "files/data/00/00ff",
  lock: "files/locks/00ff",
  password: "files-password.age",
  copy: "objects/media/00ff-20261121T010000Z-7f3a",
} as const;
type Key = keyof typeof KEYS;
const ALL = Object.keys(KEYS) as Key[];
const WRITTEN: readonly Key[] = ["lease", "manifest", "artifact", "pack", "lock", "password", "copy"];

/** What each role may do to which object; everything that is not here is refused. */
const MAY: Readonly<Record<Role, Readonly<Record<string, readonly Key[]>>>> = {
  writer: {
    GetObject: WRITTEN,
    GetObjectVersion: WRITTEN,
    PutObject: WRITTEN,
    AbortMultipartUpload: WRITTEN,
    DeleteObject: ["lock"],
  },
  reader: { GetObject: ALL, GetObjectVersion: ALL },
  pruner: {
    GetObject: ALL,
    GetObjectVersion: ALL,
    PutObjectTagging: ALL,
    PutObjectVersionTagging: ALL,
    AbortMultipartUpload: ALL,
    PutObject: ["mark", "pack", "lock"],
    DeleteObject: ["pack", "lock"],
    GetObjectRetention: ALL,
    PutObjectRetention: ALL,
  },
  prover: { PutObject: ["proof"] },
};

const ACTIONS = [
  ...["GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "DeleteObjectVersion", "PutObjectTagging"],
  ...["PutObjectVersionTagging", "DeleteObjectTagging", "PutObjectAcl", "PutObjectLegalHold"],
  ...["GetObjectRetention", "PutObjectRetention"],
  ...["BypassGovernanceRetention", "AbortMultipartUpload"],
];

const FOREIGN = ["montagu/uat/app/", "other/prod/app/", "prod/app/", "montaguprod/app/"];

describe.each(ROLES)("the %s", (role) => {
  const objects = ACTIONS.flatMap((action) => ALL.map((key) => [action, key] as const));

  test.each(objects)("%s on the %s: as its role says, in both kinds of policy", (action, key) => {
    const asked = {
      principal: who(role),
      action: `s3:${action}`,
      resource: `${arn}/montagu/prod/app/${KEYS[key]}`,
    };
    const right = MAY[role][action]?.includes(key) ?? false;
    expect(mayHappen(granted, asked)).toBe(right);
    // Who wrote an object has rights of its own over it in some stores: these do not count either.
    expect(mayHappen(granted, { ...asked, byAccessList: true })).toBe(right);
    expect(mayHappen(identityPolicy(role, scope).Statement, asked)).toBe(right);
    if (!(action in MAY[role]))
      expect(mayHappen(identityPolicy(role, scope).Statement, { ...asked, byAccessList: true })).toBe(false);
  });

  test("does nothing to what is another environment's, another repository's or beside", () => {
    for (const below of FOREIGN) {
      for (const [action, key] of objects) {
        const asked = { principal: who(role), action: `s3:${action}`, resource: `${arn}/${below}${KEYS[key]}` };
        expect(mayHappen(granted, { ...asked, byAccessList: true }), `${action} ${below}`).toBe(false);
        expect(mayHappen(identityPolicy(role, scope).Statement, asked), `${action} ${below}`).toBe(false);
      }
    }
  });

  test("lists its own part only, and changes nothing about the bucket", () => {
    const bucket = { principal: who(role), resource: arn };
    for (const action of ["s3:ListBucket", "s3:ListBucketVersions"]) {
      const lists = (prefix?: string) =>
        mayHappen(granted, {
          ...bucket,
          action,
          ...(prefix === undefined ? {} : { context: { "s3:prefix": prefix } }),
        });
      expect(lists("montagu/prod/app/catalog/")).toBe(role !== "prover");
      for (const prefix of ["montagu/uat/app/", "montagu/", ""]) expect(lists(prefix)).toBe(false);
      // Or an object that is not there could not be told from one that nobody may read.
      expect(lists()).toBe(role !== "prover");
    }
    for (const action of ["PutBucketPolicy", "PutLifecycleConfiguration", "PutBucketVersioning", "DeleteBucket"]) {
      expect(mayHappen(granted, { ...bucket, action: `s3:${action}` })).toBe(false);
    }
  });
});

test("only where no lifecycle removes what it tags does the pruner delete", () => {
  const asked = (action: string) => ({
    principal: who("pruner"),
    action: `s3:${action}`,
    resource: `${arn}/montagu/prod/app/${KEYS.artifact}`,
  });
  const deleting = bucketStatements({ arn, grants, tlsOnly: false, prunerDeletes: true });
  for (const action of ["DeleteObject", "DeleteObjectVersion"]) {
    expect(mayHappen(granted, asked(action))).toBe(false);
    expect(mayHappen(deleting, asked(action))).toBe(true);
    expect(mayHappen(deleting, { ...asked(action), principal: who("writer"), byAccessList: true })).toBe(false);
  }
});

test("an identity with two roles has the rights of both and no more", () => {
  const principal = who("both");
  const statements = bucketStatements({
    arn,
    grants: [
      { role: "writer", principal, prefix: "a" },
      { role: "reader", principal, prefix: "b", environment: "prod", plan: "app" },
    ],
    tlsOnly: false,
  });
  const may = (action: string, key: string) =>
    mayHappen(statements, { principal, action: `s3:${action}`, resource: `${arn}/${key}`, byAccessList: true });
  expect(may("PutObject", `a/uat/x/${KEYS.artifact}`)).toBe(true);
  expect(may("GetObject", `b/prod/app/${KEYS.proof}`)).toBe(true);
  expect(may("PutObject", `b/prod/app/${KEYS.artifact}`)).toBe(false);
  expect(may("GetObject", `b/prod/other/${KEYS.proof}`)).toBe(false);
  expect(may("PutObjectTagging", `a/uat/x/${KEYS.artifact}`)).toBe(false);
});

test("keys of a compatible layout are written, read and tagged as the plans' own, below the prefix only", () => {
  const place = { prefix: "topobank", keys: ["backup/*", "*-aide_images-*"] };
  const statements = bucketStatements({
    arn,
    grants: ROLES.map((role) => ({ role, principal: who(role), ...place })),
    tlsOnly: false,
  });
  const may = (role: Role, action: string, key: string) =>
    mayHappen(statements, {
      principal: who(role),
      action: `s3:${action}`,
      resource: `${arn}/${key}`,
      byAccessList: true,
    });
  for (const key of ["backup/postgres-backup-20190410213318.sql", "host-aide_images-20261121T010000.tar"]) {
    const rights = ROLES.map((role) =>
      ["GetObject", "PutObject", "PutObjectVersionTagging", "DeleteObject"].map((action) =>
        may(role, action, `topobank/${key}`),
      ),
    );
    expect(rights).toEqual([
      [true, true, false, false],
      [true, false, false, false],
      [true, false, true, false],
      [false, false, false, false],
    ]);
    for (const role of ROLES) expect(may(role, "GetObject", key)).toBe(false);
  }
  const asked = { principal: who("reader"), action: "s3:ListBucket", resource: arn };
  expect(mayHappen(statements, { ...asked, context: { "s3:prefix": "topobank/" } })).toBe(true);
  expect(mayHappen(statements, { ...asked, context: { "s3:prefix": "" } })).toBe(false);
});

test("whoever comes without TLS is refused where that is declared, the owner included", () => {
  const statements = bucketStatements({ arn, tlsOnly: true });
  const asked = { principal: "owner", action: "s3:GetObject", resource: `${arn}/x`, byAccessList: true };
  expect(mayHappen(statements, { ...asked, context: { "aws:SecureTransport": "false" } })).toBe(false);
  expect(mayHappen(statements, { ...asked, context: { "aws:SecureTransport": "true" } })).toBe(true);
  expect(bucketStatements({ arn, tlsOnly: false })).toEqual([]);
});

test("an owner who is named keeps its rights over the bucket itself", () => {
  const action = "s3:PutBucketPolicy";
  expect(mayHappen(granted, { principal: who("writer"), action, resource: arn, byAccessList: true })).toBe(true);
});

test("a KMS key is opened by who reads and used by who writes", () => {
  const key = "arn:aws:kms:eu-north-1:1:key/x";
  const may = (role: Role, action: string) =>
    mayHappen(identityPolicy(role, scope, key).Statement, { action: `kms:${action}`, resource: key });
  expect(ROLES.map((role) => [may(role, "Decrypt"), may(role, "GenerateDataKey")])).toEqual([
    [true, true],
    [true, false],
    [true, true],
    [false, true],
  ]);
});

test("every statement has a name of ours, no two the same", () => {
  const names = bucketStatements({ arn, grants, tlsOnly: true }).map(({ Sid }) => Sid);
  expect(new Set(names).size).toBe(names.length);
  // AWS takes letters and digits in the policies of identities, nothing else.
  for (const name of names) expect(name).toMatch(new RegExp(`^${OUR_STATEMENTS}[A-Za-z0-9]+$`));
});

test("a grant names one identity and a prefix without patterns", () => {
  const ok = { role: "writer", principal: who("writer") };
  expect(grant.safeParse(ok).success).toBe(true);
  for (const wrong of [
    { principal: "*" },
    { principal: "arn:aws:iam:::user/*" },
    { principal: "" },
    { prefix: "mont*" },
    { prefix: "mon?agu" },
    { prefix: "$" + "{aws:username}" },
    { prefix: "/montagu" },
    { environment: "*" },
    { plan: "App" },
    { keys: ["*"] },
    { keys: ["/backup/*"] },
    { keys: ["backup/"] },
    { role: "owner" },
  ]) {
    expect(grant.safeParse({ ...ok, ...wrong }).success, JSON.stringify(wrong)).toBe(false);
  }
});
