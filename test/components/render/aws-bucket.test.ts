import { expect, test } from "vitest";
import { LONGEST_USER_POLICY, tooLongForPolicies, tooManyGrants } from "../../../components/render/aws-bucket.ts";
import { identityName } from "../../../components/render/identity-name.ts";
import { type Grant, ROLES } from "../../../spec/index.ts";

test("the policies of identities fit for prefixes that people give, and a longer one is refused before anything exists", () => {
  expect(
    tooLongForPolicies(ROLES, { prefix: "research/backups", environment: "montagu-production" }, false),
  ).toBeUndefined();
  expect(tooLongForPolicies(ROLES, { prefix: "montagu", environment: "prod" }, true)).toBeUndefined();
  const sentence = tooLongForPolicies(ROLES, { prefix: "p".repeat(200), environment: "prod" }, false);
  expect(sentence).toContain(`AWS takes ${LONGEST_USER_POLICY}`);
});

test("a policy that no store would take is refused", () => {
  const grants = (count: number): Grant[] =>
    Array.from({ length: count }, (_, n) => ({
      role: ROLES[n % 4] as Grant["role"],
      principal: `arn:aws:iam:::user/montagu-${n}`,
      prefix: `montagu-${n % 2}`,
      environment: "prod",
    }));
  expect(tooManyGrants(grants(8))).toBeUndefined();
  expect(tooManyGrants(grants(60))).toContain("are too many");
});

test("an identity's name is legal, within 64 characters, and differs where the whole name does", () => {
  expect(identityName("backups", "montagu-prod", "packit-writer")).toBe("backups-montagu-prod-packit-writer");
  const long = (last: string) => identityName("backups", "montagu-prod", `${"x".repeat(80)}-${last}`);
  for (const name of [long("writer"), long("reader"), identityName("Bäckups/1", "s t", "n")]) {
    expect(name).toMatch(/^[\w+=,.@-]{1,64}$/);
  }
  expect(long("writer")).not.toBe(long("reader"));
  expect(long("writer")).toBe(long("writer"));
  expect(identityName("a/b", "s", "n")).not.toBe(identityName("a-b", "s", "n"));
});
