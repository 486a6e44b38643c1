import { describe, expect, it } from "vitest";
import { JobError, parse, plan } from "../../spec/index.ts";
import { examplePlan } from "./examples.ts";
import { replace, wrongFields } from "./wrong-fields.ts";

const factOf = (value: unknown): string => {
  try {
    parse(plan, value, "plan");
  } catch (error) {
    if (error instanceof JobError && error.code === "bad-spec") return error.fact;
    throw error;
  }
  throw new Error("it was taken");
};

const WRONG: readonly [path: string, value: unknown, message: string][] = [
  ["version", 2, "expected 1"],
  ["project", "", "expected string to have >=1 characters"],
  [
    "name",
    "Packit",
    "expected 1 to 63 characters: lower-case letters, digits, '.', '-', '_', starting with a letter or digit",
  ],
  ["target.kind", "moon", "expected 'local' | 'docker' | 'kubernetes'"],
  ["target.ledger", "ledger", "expected an absolute path other than '/'"],
  ["target.ledger", "/srv/../etc", "expected a path without '.', '..', '//' and without a slash at its end"],
  ["target.scratch", "/var/tmp/", "expected a path without '.', '..', '//' and without a slash at its end"],
  ["sources", [], "expected at least one source"],
  ["sources.0.kind", "mysql", "expected 'postgres' | 'files' | 'objects'"],
  ["sources.0.port", 65_536, "expected number to be <=65535"],
  ["sources.0.database", "ä".repeat(32), "PostgreSQL names have at most 63 bytes"],
  ["sources.0.login.password.kind", "value", "expected 'env' | 'file'"],
  [
    "sources.0.login.password.name",
    "my secret",
    "expected the name of an environment variable, never the secret itself",
  ],
  ["sources.0.tls.mode", "verify", "expected 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'"],
  ["sources.1.directory", "srv", "expected an absolute path other than '/'"],
  ["sources.1.name", "db", "two sources have the same name"],
  [
    "repository.environment",
    "UAT",
    "expected 1 to 63 characters: lower-case letters, digits, '.', '-', '_', starting with a letter or digit",
  ],
  ["repository.location.bucket", "My_Bucket", "expected an S3 bucket name"],
  ["repository.location.prefix", "/montagu/", "expected a prefix without slashes at its ends, like 'backups/montagu'"],
  ["repository.location.endpoint", "ftp://x", "Invalid URL"],
  ["repository.trusted.0", "AAAA", "expected an Ed25519 public key: 32 bytes in base64"],
  ["schedule.cron", "0 0 * *", "'0 0 * *' has 4 fields; expected five, or six with seconds first"],
  ["schedule.timeZone", "London", "expected an IANA time zone such as Europe/London, or UTC"],
  ["retention", { minimum: 3 }, "name at least one keep rule; to keep everything, leave retention out"],
  ["retention.keepDaily", 0, "expected number to be >=1"],
  ["retention.keepWithin", "30 days", "expected a duration like P30D, P4W or PT12H"],
  ["recipients", [], "expected at least one age recipient"],
  ["recipients.0", "ssh-ed25519 AAAA", "expected an age recipient: 'age1' and 58 more characters"],
  ["shrinkBelow", 50, "expected number to be <=1"],
  ["superseded.days", 3, "expected number to be >=14"],
  ["leaseSeconds", 1, "expected number to be >=3"],
];

const REQUIRED = ["version", "project", "stack", "name", "target", "sources", "repository", "recipients"];

describe("a plan", () => {
  it("is taken when it is right, with its defaults", () => {
    const value = parse(plan, examplePlan(), "plan");
    expect(value).toMatchObject(examplePlan());
    const [source] = parse(plan, replace(examplePlan(), ["sources", "0", "tls"], undefined), "plan").sources;
    expect(source).toMatchObject({ tls: { mode: "prefer" }, maxSnapshotHours: 24, restoreJobs: 2, allowEmpty: false });
  });

  it.each(WRONG)("names what is wrong with %s: %j", (path, value, message) => {
    // Two sources of one name are a mistake of the list.
    const named = message.startsWith("two sources") ? "sources" : path;
    expect(factOf(replace(examplePlan(), path.split("."), value))).toBe(`plan.${named}: ${message}`);
  });

  it.each(REQUIRED)("says that %s is missing", (key) => {
    expect(factOf(replace(examplePlan(), [key], undefined))).toMatch(
      new RegExp(`^plan\\.${key}: (is missing; expected [a-z]+|expected 1)$`),
    );
  });

  it.each(wrongFields(examplePlan(), "plan"))("refuses another type or key at $path", ({ path, value, expected }) => {
    const fact = factOf(value);
    // What is neither of two shapes is named where the shapes begin.
    const named = path === "plan.superseded.days" ? "plan.superseded" : path;
    expect(fact.slice(0, named.length + 2)).toBe(`${named}: `);
    expect(fact.slice(named.length + 2)).toMatch(expected);
    expect(fact.match(/(^|; )plan[.:]/g)).toHaveLength(1);
  });

  it("names every mistake when there are several", () => {
    expect(factOf({ ...examplePlan(), name: "", shrinkBelow: 2 })).toMatch(/^plan\.name: .*; plan\.shrinkBelow: /);
  });
});
