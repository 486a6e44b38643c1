import { expect, test } from "vitest";
import { Repository, RepositoryCopy, type RepositoryCopyArgs } from "../../components/index.ts";
import { schedulerFile } from "../../spec/index.ts";
import { aBucket, PUBLIC_KEY } from "./support/args.ts";
import { mockEngine, unwrapped } from "./support/mock-engine.ts";

const keys = (who: string) => ({ accessKeyId: `${who}-id`, secretAccessKey: `${who}-secret` });

const parts = (environment = "prod"): Pick<RepositoryCopyArgs, "from" | "to" | "plan"> => ({
  from: new Repository("cluster", {
    s3: { bucket: aBucket(), credentials: { writer: keys("writer"), reader: keys("reader") } },
    environment: "prod",
  }),
  plan: "session-db",
  to: new Repository("archive", {
    directory: "/srv/archive",
    environment,
    signing: { none: {} },
    trusted: [PUBLIC_KEY],
  }),
});

const docker = { docker: { network: "archive", host: "ssh://backup@archive.example.org" } } as const;
const runner = { image: "restorable-runner:1.0" };
const schedule = { cron: "12 6 * * *", timeZone: "Europe/Helsinki" };

test("[chipster.8] an archive host gets a container that copies, with the reader's keys of the first repository and no other of its", async () => {
  const engine = await mockEngine();
  const copy = new RepositoryCopy("session-db-archive", {
    ...parts(),
    target: docker,
    runner,
    schedule,
    retention: { keepDaily: 90, keepMonthly: 24, keepWithin: "P60D" },
  });
  await engine.settled();
  const { inputs } = engine.named("session-db-archive-scheduler");
  expect(inputs).toMatchObject({
    command: ["schedule"],
    mounts: [
      expect.objectContaining({ target: "/etc/restorable" }),
      { type: "bind", source: "/srv/archive", target: "/srv/archive", readOnly: false },
    ],
  });
  const [file, secrets] = unwrapped(engine.named("session-db-archive-writer").inputs.uploads) as { content: string }[];
  const { plan } = schedulerFile.parse(JSON.parse(String(file?.content)));
  expect(plan).toMatchObject({ name: "session-db-archive", sources: [], copyOf: { plan: "session-db" } });
  expect(plan.repository.trusted).toContain(PUBLIC_KEY);
  expect(plan.repository.signingKey).toBeUndefined();
  const { secrets: values } = JSON.parse(String(secrets?.content));
  expect(Object.keys(values).sort()).toEqual([
    "RESTORABLE_CLUSTER_FILES_PASSWORD",
    "RESTORABLE_CLUSTER_READER_ACCESS_KEY_ID",
    "RESTORABLE_CLUSTER_READER_SECRET_ACCESS_KEY",
  ]);
  expect(copy).toBeDefined();
});

test("a copy on this machine declares nothing that runs", async () => {
  const engine = await mockEngine();
  new RepositoryCopy("archive-copy", { ...parts(), target: { local: {} } });
  await engine.settled();
  expect(engine.resources.filter(({ type }) => type.startsWith("docker:"))).toEqual([]);
});

test("another environment and a missing image are refused at preview", async () => {
  await mockEngine();
  expect(() => new RepositoryCopy("a", { ...parts("uat"), target: { local: {} } })).toThrow("keeps its environment");
  expect(() => new RepositoryCopy("b", { ...parts(), target: docker, schedule })).toThrow("runner: is missing");
});
