import { expect, test } from "vitest";
import { drillJob, openJob } from "../../spec/index.ts";
import { chipster } from "../../stacks/chipster.ts";
import { colonies } from "../../stacks/colonies.ts";
import { DRILL_KEY, declaredStack, keysOf, told } from "./declared-stack.ts";

const SCHEDULE = { cron: "0 5 * * SUN", timeZone: "Europe/Helsinki" };
const SECRETS = { rehearsalIdentity: DRILL_KEY };
const scratch = (more: object = {}) => ({ rehearsal: { namespace: "scratch", schedule: SCHEDULE, ...more } });
const SYSTEMS = [
  ["chipster", chipster, ["auth", "job-history", "sessions"], "postgres:14"],
  ["colonies", colonies, ["colonies"], "timescale/timescaledb:2.19.3-pg17"],
] as const;

test.each(SYSTEMS)(
  "%s: every plan is restored by the clock into the scratch namespace, with the database's own image",
  async (system, program, plans, image) => {
    const { ofType } = await declaredStack(program, system, scratch(), SECRETS);
    const drills = ofType("v1:CronJob").filter(({ name }) => name.endsWith("-runs"));
    expect(drills.map(({ inputs }) => inputs.metadata)).toEqual(
      expect.arrayContaining(
        plans.map((plan) =>
          expect.objectContaining({ name: `restorable-backups-${system}-prod-${plan}-drill`, namespace: "scratch" }),
        ),
      ),
    );
    expect(drills).toHaveLength(plans.length);
    for (const { inputs } of drills) {
      expect(inputs.spec).toMatchObject({ schedule: "0 5 * * SUN", timeZone: "Europe/Helsinki" });
      expect(JSON.stringify(inputs)).toContain(image);
    }
  },
);

test.each(SYSTEMS)("%s: without `rehearsal` nothing is rehearsed", async (system, program) => {
  const { ofType } = await declaredStack(program, system, {});
  expect(ofType("index:Drill")).toEqual([]);
});

test("with identities by role, what rehearses reads and proves, and holds no key that writes points", async () => {
  const secrets = { ...SECRETS, ...keysOf("writer"), ...keysOf("reader"), ...keysOf("prover") };
  const settings = scratch({ plans: ["sessions"], checks: { sessions: [{ name: "any", query: "SELECT true" }] } });
  const { named, ofType } = await declaredStack(chipster, "chipster", settings, secrets);
  expect(ofType("index:Drill").map(({ name }) => name)).toEqual(["sessions"]);
  const [key, job] = [told(named("sessions-key")), told(named("sessions-job"))];
  expect(openJob.parse(JSON.parse(String(key["job.json"]))).plan).toBe("sessions");
  expect(drillJob.parse(JSON.parse(String(job["job.json"]))).checks).toMatchObject([{ name: "any" }]);
  for (const texts of [key, job]) {
    const values = Object.entries(texts).flatMap(([name, value]) => (name.startsWith("secret-") ? [value.trim()] : []));
    expect(values).toContain("reader-secret");
    expect(values).not.toContain("writer-secret");
    expect(values).not.toContain("bucket-secret");
  }
  expect(Object.values(key).join("")).toContain(DRILL_KEY);
  expect(Object.values(job).join("")).not.toContain(DRILL_KEY);
});

test.each([
  ["rehearsal.namespace: 'default' is the application's", { namespace: "default" }],
  ["rehearsal.plans: unknown: session", { plans: ["session"] }],
  ["rehearsal.checks: unknown: colonies", { checks: { colonies: [] } }],
  ["rehearsal.schedule", { schedule: undefined }],
])("refused at preview: %s", async (said, change) => {
  await expect(declaredStack(chipster, "chipster", scratch(change), SECRETS)).rejects.toThrow(said);
});

test("a namespace of that name in another cluster is another one", async () => {
  const { named } = await declaredStack(
    chipster,
    "chipster",
    scratch({ namespace: "default", context: "scratch-cluster", plans: ["auth"] }),
    SECRETS,
  );
  expect(named("auth-key").inputs.metadata).toMatchObject({ namespace: "default" });
});
