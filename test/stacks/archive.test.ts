import { expect, test } from "vitest";
import { schedulerFile } from "../../spec/index.ts";
import { chipster } from "../../stacks/chipster.ts";
import { declaredStack, keysOf, told } from "./declared-stack.ts";

const SCHEDULE = { cron: "12 6 * * *", timeZone: "Europe/Helsinki" };
const TO = {
  bucket: { existing: { bucket: "archive", endpoint: "https://s3.elsewhere.example" } },
  prefix: "chipster",
};
const SECRETS = { ...keysOf("archive"), ...keysOf("writer"), ...keysOf("reader") };

test("[chipster.8] an archive in a cluster: a CronJob for each plan, with the reader's keys there and its own here", async () => {
  const archive = { to: TO, kubernetes: { namespace: "archive", context: "archive" }, schedule: SCHEDULE };
  const { ofType, named } = await declaredStack(chipster, "chipster", { archive }, SECRETS);
  const pulling = ofType("v1:CronJob").map(({ inputs }) => inputs.metadata as { name: string; namespace: string });
  expect(pulling.map(({ name, namespace }) => `${namespace}/${name}`).sort()).toEqual(
    ["auth", "job-history", "sessions"].map((plan) => `archive/restorable-backups-chipster-prod-${plan}-archive`),
  );
  const files = told(named("sessions-archive-configuration"));
  const { plan } = schedulerFile.parse(JSON.parse(String(files["schedule.json"])));
  expect(plan).toMatchObject({ name: "sessions-archive", sources: [], copyOf: { plan: "sessions" } });
  expect(plan.repository.signingKey).toBeUndefined();
  const { secrets } = JSON.parse(String(files["secrets.json"])) as { secrets: Readonly<Record<string, string>> };
  expect(Object.values(secrets)).toEqual(expect.arrayContaining(["reader-secret", "archive-secret"]));
  expect(Object.values(secrets).filter((value) => /^(writer|bucket)-/.test(value))).toEqual([]);
});

test("an archive host is one of both, and a pod has no directory", async () => {
  const kubernetes = { namespace: "archive" };
  const both = { to: TO, kubernetes, docker: { network: "bridge" } };
  const declared = (archive: object) => declaredStack(chipster, "chipster", { archive }, SECRETS);
  await expect(declared(both)).rejects.toThrow("`docker` or `kubernetes`, not both");
  await expect(declared({ to: { directory: "/srv" }, kubernetes })).rejects.toThrow("lies in a directory");
});
