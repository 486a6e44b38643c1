import { describe, expect, test } from "vitest";
import { jobObject, jobSecret } from "../../../launch/kubernetes/job-object.ts";
import { isKubernetesPlan, type KubernetesPlan } from "../../../launch/kubernetes/target.ts";
import { type Job, jobFiles, plan as planSchema, type RestoreJob } from "../../../spec/index.ts";
import { restoreLaunch } from "../support/launches.ts";

const clusterPlan = (user = "10001:10001"): KubernetesPlan => {
  const { plan } = restoreLaunch();
  const password = { kind: "env", name: "PG_PASSWORD" };
  const parsed = planSchema.parse({
    ...plan,
    target: { kind: "kubernetes", namespace: "app", image: "restorable-runner:1", ledger: "ledger", user },
    repository: { ...plan.repository, location: { kind: "s3", bucket: "backups" } },
    sources: [
      { kind: "postgres", name: "db", host: "db", database: "app", login: { user: "app", password } },
      { kind: "files", name: "files", directory: "/sources/files", mount: { kind: "claim", name: "data" } },
      { kind: "files", name: "keys", directory: "/sources/keys", mount: { kind: "secret", name: "passwords" } },
    ],
  });
  if (!isKubernetesPlan(parsed)) throw new Error("no plan of a cluster");
  return parsed;
};

const restoreJob = (plan: KubernetesPlan, action: RestoreJob["action"], into: RestoreJob["request"]["into"]): Job => {
  const { from, requestDigest, request } = restoreLaunch(into);
  const { repository } = plan;
  return { kind: "restore", version: 1, action, plan, from: { ...from, repository }, requestDigest, request };
};

const SECRETS = { PG_PASSWORD: "hunter2" };

const made = (plan: KubernetesPlan, job: Job, isOwn = true) => {
  const body = jobObject(plan, { id: "backup-1", affinity: undefined, isOwn }, job, jobFiles(job, SECRETS));
  const { volumes = [], containers, ...pod } = body.spec?.template.spec ?? { containers: [] };
  const mounts = containers[0]?.volumeMounts?.map(({ mountPath, readOnly }) => [mountPath, readOnly ? "ro" : "rw"]);
  return { body, pod, volumes, container: containers[0], mounts };
};

const TOLD = ["/run/restorable/job", "ro"];
const TMP = ["/tmp", "rw"];

describe("the Job of a job", () => {
  test("a backup reads its sources, sees no ledger, has no rights and is never run again", () => {
    const plan = clusterPlan();
    const { body, pod, container, mounts } = made(plan, { kind: "backup", version: 1, plan });
    expect(mounts).toEqual([TMP, TOLD, ["/sources/files", "ro"], ["/sources/keys", "ro"]]);
    expect(body.spec).toMatchObject({ backoffLimit: 0, suspend: true, completions: 1 });
    expect(pod).toMatchObject({ restartPolicy: "Never", automountServiceAccountToken: false });
    expect(container?.securityContext).toMatchObject({ runAsNonRoot: true, readOnlyRootFilesystem: true });
    expect(container?.securityContext?.capabilities).toEqual({ drop: ["ALL"] });
    expect(container?.resources).toMatchObject({ limits: { memory: String(1024 ** 3) } });
  });

  test("a secret is in its Secret and nowhere else, which belongs to the Job", () => {
    const plan = clusterPlan();
    const job: Job = { kind: "backup", version: 1, plan };
    const { body } = made(plan, job);
    expect(JSON.stringify(body)).not.toContain("hunter2");
    const input = jobFiles(job, SECRETS);
    expect(input.files["job.json"]).not.toContain("hunter2");
    expect(input.files["job.json"]).toContain('"path":"/run/restorable/job/secret-PG_PASSWORD"');
    expect(input.files["secret-PG_PASSWORD"]).toBe("hunter2\n");
    const { metadata } = jobSecret({ ...body, metadata: { ...body.metadata, uid: "u-1" } }, input);
    expect(metadata?.ownerReferences).toMatchObject([{ kind: "Job", uid: "u-1" }]);
  });

  test("a restore in place writes the live claim and the ledger; into a new claim it sees only that", () => {
    const plan = clusterPlan();
    const ledger = ["/var/lib/restorable", "rw"];
    expect(made(plan, restoreJob(plan, "swap", { replace: {} })).mounts).toEqual([
      ...[TMP, TOLD, ledger],
      ["/sources/files", "rw"],
    ]);
    expect(made(plan, restoreJob(plan, "prepare", { volume: "new" })).mounts).toEqual([
      ...[TMP, TOLD, ledger],
      ["/restored/new", "rw"],
    ]);
    for (const looking of ["open", "state"] as const)
      expect(made(plan, restoreJob(plan, looking, { replace: {} })).mounts).toEqual([TMP, TOLD, ledger]);
  });

  test("where the plan's user is root, only a restore of files may give them to their owners", () => {
    const plan = clusterPlan("0:0");
    const capabilities = (job: Job) => made(plan, job).container?.securityContext?.capabilities;
    expect(capabilities({ kind: "backup", version: 1, plan })).toEqual({ drop: ["ALL"] });
    expect(capabilities(restoreJob(plan, "swap", { replace: {} }))).toEqual({
      drop: ["ALL"],
      add: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"],
    });
  });

  test("the application's files are not given to the jobs' group; a ledger that belongs to root is", () => {
    const plan = clusterPlan("10001:10002");
    const swap = restoreJob(plan, "swap", { replace: {} });
    expect(made(plan, swap, false).pod.securityContext).toEqual({});
    const group = made(plan, restoreJob(plan, "state", { replace: {} })).pod.securityContext;
    expect(group).toEqual({ fsGroup: 10002, fsGroupChangePolicy: "OnRootMismatch" });
  });

  test("a repository in a directory is refused", () => {
    const plan = clusterPlan();
    const location = { kind: "directory", path: "/backups" } as const;
    const other = { ...plan, repository: { ...plan.repository, location } };
    expect(() => made(other, { kind: "backup", version: 1, plan: other })).toThrow(/no directory '\/backups'/);
  });
});
