import { describe, expect, test } from "vitest";
import { jobContainer } from "../../../launch/docker/job-container.ts";
import { type DockerPlan, isDockerPlan } from "../../../launch/docker/target.ts";
import { type Job, plan as planSchema, type RestoreJob } from "../../../spec/index.ts";
import { restoreLaunch } from "../support/launches.ts";

const dockerPlan = (files: boolean, user = "10001:10001"): DockerPlan => {
  const { plan } = restoreLaunch();
  const postgres = { kind: "postgres", name: "db", host: "db", database: "app", login: { user: "app" } };
  const mount = { kind: "volume", name: "images" };
  const parsed = planSchema.parse({
    ...plan,
    target: {
      kind: "docker",
      host: "unix:///var/run/docker.sock",
      image: "restorable-runner:1",
      network: { kind: "container", name: "aide_app" },
      ledger: "ledger",
      user,
      memory: 1000,
    },
    sources: [postgres, ...(files ? [{ kind: "files", name: "images", directory: "/sources/images", mount }] : [])],
  });
  if (!isDockerPlan(parsed)) throw new Error("no Docker plan");
  return parsed;
};

const restoreJob = (plan: DockerPlan, action: RestoreJob["action"], into: RestoreJob["request"]["into"]): Job => {
  const { from, requestDigest, request } = restoreLaunch(into);
  return { kind: "restore", version: 1, action, plan, from, requestDigest, request };
};

const made = (plan: DockerPlan, job: Job) => {
  const { HostConfig, User, Labels, ...others } = jobContainer(plan, "x-1", job);
  const mounts = HostConfig?.Mounts?.map(({ Source, Target, ReadOnly }) => [Source, Target, ReadOnly ? "ro" : "rw"]);
  return { HostConfig, User, Labels, mounts, others };
};

const REPOSITORY = ["/backups", "/backups", "rw"];

describe("the container of a job", () => {
  test("a backup reads its sources, sees no ledger and has no rights", () => {
    const plan = dockerPlan(true, "1000:1000");
    const { HostConfig, User, mounts, others } = made(plan, { kind: "backup", version: 1, plan });
    expect(User).toBe("1000:1000");
    expect(mounts).toEqual([["images", "/sources/images", "ro"], REPOSITORY]);
    expect(HostConfig).toMatchObject({
      NetworkMode: "container:aide_app",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      CapAdd: [],
      SecurityOpt: ["no-new-privileges"],
      Memory: 1000,
      MemorySwap: 1000,
      AutoRemove: false,
    });
    expect(others).toMatchObject({ OpenStdin: true, StdinOnce: true, AttachStdout: false, Tty: false });
    expect(others).not.toHaveProperty("Env");
    expect(others).not.toHaveProperty("Cmd");
  });

  test("a restore of files may give them their owners, and no more", () => {
    const plan = dockerPlan(true);
    const { HostConfig, User, mounts, Labels } = made(plan, restoreJob(plan, "prepare", { replace: {} }));
    expect(User).toBe("0:0");
    expect(HostConfig?.CapAdd).toEqual(["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"]);
    expect(mounts).toEqual([["ledger", "/var/lib/restorable", "rw"], ["images", "/sources/images", "rw"], REPOSITORY]);
    expect(Labels).toEqual({
      "restorable.project": "backups",
      "restorable.stack": "montagu-uat",
      "restorable.plan": "packit",
      "restorable.job": "x-1",
      "restorable.kind": "restore",
      "restorable.action": "prepare",
      "restorable.request": "one",
    });
  });

  test("a restore of a database alone has no rights", () => {
    const plan = dockerPlan(false);
    const { HostConfig, User } = made(plan, restoreJob(plan, "swap", { replace: {} }));
    expect([User, HostConfig?.CapAdd]).toEqual(["10001:10001", []]);
  });

  test("a restore into a volume sees that one, and not the live data", () => {
    const plan = dockerPlan(true);
    const { mounts } = made(plan, restoreJob(plan, "prepare", { volume: "fresh" }));
    expect(mounts).toEqual([["ledger", "/var/lib/restorable", "rw"], ["fresh", "/restored/fresh", "rw"], REPOSITORY]);
  });

  test("the state of a journal needs the ledger only, and its point the repository, to be read; the ledger's jobs are of one user", () => {
    const plan = dockerPlan(true);
    const state = made(plan, restoreJob(plan, "state", { replace: {} }));
    expect(state.mounts).toEqual([["ledger", "/var/lib/restorable", "rw"]]);
    const open = made(plan, restoreJob(plan, "open", { replace: {} }));
    expect(open.mounts).toEqual([...(state.mounts ?? []), [...REPOSITORY.slice(0, 2), "ro"]]);
    const ledger = { kind: "ledger", version: 1, plan } as const;
    const find = { repository: plan.repository, plan: plan.name, point: "latest", unverified: false } as const;
    expect([made(plan, ledger).mounts, made(plan, { ...ledger, find }).mounts]).toEqual([state.mounts, open.mounts]);
    expect([state.User, made(plan, ledger).User]).toEqual(["0:0", "0:0"]);
  });

  test("certificates of authorities are there to be read where a job speaks TLS, and nowhere else", () => {
    const plan = dockerPlan(true);
    const [db, ...others] = plan.sources;
    if (db?.kind !== "postgres") throw new Error("no database");
    const location = { kind: "s3", bucket: "backups", prefix: "", region: "us-east-1", pathStyle: true } as const;
    const secured: DockerPlan = {
      ...plan,
      sources: [{ ...db, tls: { mode: "verify-full", ca: "/etc/ssl/db.pem" } }, ...others],
      repository: { ...plan.repository, location: { ...location, ca: "/etc/ssl/s3.pem" } },
    };
    const [database, store] = [
      ["/etc/ssl/db.pem", "/etc/ssl/db.pem", "ro"],
      ["/etc/ssl/s3.pem", "/etc/ssl/s3.pem", "ro"],
    ];
    const backup = made(secured, { kind: "backup", version: 1, plan: secured });
    expect(backup.mounts).toEqual([["images", "/sources/images", "ro"], database, store]);
    expect(made(secured, restoreJob(secured, "prepare", { replace: {} })).mounts).toContainEqual(database);
    expect(made(secured, restoreJob(secured, "state", { replace: {} })).mounts).toEqual([
      ["ledger", "/var/lib/restorable", "rw"],
    ]);
    // Its point comes from another repository here.
    expect(made(secured, restoreJob(secured, "open", { replace: {} })).mounts).toEqual([
      ["ledger", "/var/lib/restorable", "rw"],
      [...REPOSITORY.slice(0, 2), "ro"],
    ]);
    const { repository, name } = secured;
    const catalog = { kind: "catalog", version: 1, repository, plan: name, unverified: false } as const;
    expect(made(secured, catalog).mounts).toEqual([store]);
  });

  test("a certificate under a path that is not absolute is refused", () => {
    const plan = dockerPlan(true);
    const sources = plan.sources.map((source) =>
      source.kind === "postgres" ? { ...source, tls: { mode: "verify-ca", ca: "db.pem" } } : source,
    );
    expect(planSchema.safeParse({ ...plan, sources }).error?.issues[0]?.message).toContain("absolute path");
    expect(planSchema.safeParse({ ...plan, sources, target: { kind: "local", ledger: "/ledger" } }).success).toBe(true);
  });
});
