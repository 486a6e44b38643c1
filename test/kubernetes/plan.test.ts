import { DeleteObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CatalogPoint } from "../../spec/index.ts";
import { RUNNER_IMAGE } from "../../tools/docker/images.ts";
import { operationOn } from "../support/engine-events.ts";
import type { PulumiRun } from "../support/pulumi-stack.ts";
import type { S3Keys } from "../support/s3-server.ts";
import { waitFor } from "../support/wait-for.ts";
import { enforcePolicies } from "./support/enforced-policies.ts";
import { kubectl, refusedKubectl } from "./support/kubectl.ts";
import { ClusterPlanStack, type PlanName } from "./support/plan-stack.ts";
import { listeningPod, type Place, PORT, type PodSpec, reached } from "./support/reach.ts";

const ROWS = "SELECT count(*), md5(string_agg(n::text, ',' ORDER BY n)) FROM t";
const LONG = { seconds: 240, every: 1000 };

describe("plans in a cluster · kubernetes, pulumi engine, postgres 17, versitygw", () => {
  let world: ClusterPlanStack;
  let app: string;
  let first: PulumiRun;

  beforeAll(async () => {
    world = await ClusterPlanStack.create();
    app = `restorable-inline-${world.namespace}-app`;
    first = await world.stack.up();
    if (!first.ok) throw new Error(first.text);
    await world.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n");
    await world.kubectl(
      "exec",
      "db-0",
      "--container",
      "postgres",
      "--",
      "sh",
      "-c",
      "head -c 100000 /dev/urandom >/files/photo.bin",
    );
  });
  afterAll(() => world?.close());

  const get = async <T>(...args: readonly string[]): Promise<T> =>
    JSON.parse(await world.kubectl("get", ...args, "--output", "json")) as T;
  /** A point that was begun after now, seen in the catalog. */
  const anotherPoint = async (name: PlanName): Promise<CatalogPoint> => {
    const before = (await world.published(name)).at(-1) ?? "";
    const id = await waitFor(
      "another point",
      async () => (await world.published(name)).find((each) => each > before),
      LONG,
    );
    return (await world.points(name)).find((point) => point.id === id) as CatalogPoint;
  };
  const runs = async (): Promise<readonly Pod[]> =>
    (await get<{ items: readonly Pod[] }>("pods", "--selector", "restorable.plan=app,restorable.role=scheduler")).items;
  const log = (pod: Pod) => world.kubectl("logs", pod.metadata.name);
  /** The next run that ends in this way. */
  const ended = async (phase: "Succeeded" | "Failed"): Promise<Pod> => {
    const before = new Set((await runs()).map(({ metadata }) => metadata.uid));
    return waitFor(
      `a run that has ${phase.toLowerCase()}`,
      async () => (await runs()).find(({ metadata, status }) => !before.has(metadata.uid) && status.phase === phase),
      LONG,
    );
  };

  test("a CronJob fires on its schedule, and its point is whole", async () => {
    const point = await anotherPoint("app");
    expect(point.signature).toBe("valid");
    expect(point.manifest.sources.map(({ kind }) => kind)).toEqual(["postgres", "files"]);
    const { checks } = await world.verify("app", point.id);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.length).toBeGreaterThan(2);
  });

  test("a sidecar of the caller's StatefulSet fires on its schedule, with seconds, and its point is whole", async () => {
    const point = await anotherPoint("side");
    expect(point.signature).toBe("valid");
    expect(point.manifest.sources.map(({ kind }) => kind)).toEqual(["postgres", "files"]);
    expect((await world.verify("side", point.id)).checks.filter(({ ok }) => !ok)).toEqual([]);
    const { spec, status } = await get<Pod>("pod", "db-0");
    expect(spec.containers.map(({ name }) => name)).toEqual(["postgres", `restorable-inline-${world.namespace}-side`]);
    const own = status.containerStatuses?.find(({ name }) => name.startsWith("restorable-"));
    expect([own?.ready, own?.restartCount]).toEqual([true, 0]);
  });

  test("points of the sidecar and of the CronJob are restored by `pulumi up`, each into a new database: the same rows", async () => {
    for (const plan of ["side", "app"] as const) {
      const point = String((await world.points(plan)).at(-1)?.id);
      await world.ask(plan, { id: `check-${plan}`, point, into: { database: `check_${plan}` } });
      const run = await world.stack.up();
      expect(run.ok, run.text).toBe(true);
      expect(await world.sql(ROWS, `check_${plan}`)).toBe(await world.sql(ROWS));
      expect((await world.restores(plan)).map(({ id, record }) => [id, record?.ok])).toEqual([[`check-${plan}`, true]]);
    }
  });

  test("a second `up`, also after a refresh, changes nothing", async () => {
    for (const args of [[], ["--refresh"]]) {
      const run = await world.stack.up({ args });
      expect(run.ok, run.text).toBe(true);
      expect(Object.keys(run.changes), run.text).toEqual(["same"]);
    }
  });

  test("what runs has no right: its account reads no Secret through the API, and its pod has no token", async () => {
    const account = `system:serviceaccount:${world.namespace}:${app}`;
    for (const [verb, resource] of [
      ["get", "secrets"],
      ["list", "pods"],
      ["create", "jobs"],
    ] as const) {
      const said = await refusedKubectl(
        "auth",
        "can-i",
        verb,
        resource,
        "--namespace",
        world.namespace,
        "--as",
        account,
      );
      expect(said, `${verb} ${resource}`).toBe("no");
    }
    // The token alone: a kubeconfig would add the administrator's certificate.
    const token = await world.kubectl("create", "token", app);
    const server = await kubectl("config", "view", "--output", "jsonpath={.clusters[0].cluster.server}");
    const asked = await refusedKubectl(
      ...["--kubeconfig", "/dev/null", "--server", server, "--insecure-skip-tls-verify", "--token", token],
      ...["get", "secret", app, "--namespace", world.namespace],
    );
    expect(asked).toContain("(Forbidden)");
    const [pod] = await runs();
    expect(pod?.spec.automountServiceAccountToken).toBe(false);
    expect(JSON.stringify(pod?.spec.volumes)).not.toContain("serviceAccountToken");
  });

  test("no secret is in what the cluster shows, in logs, or in the stack's state", async () => {
    const secrets = { ...(await world.secrets()), operator: world.operatorKey };
    // One that just begins has said nothing yet.
    const pods = (await runs()).filter(({ status }) => status.phase !== "Pending");
    expect(pods).not.toEqual([]);
    const texts = {
      objects: await world.kubectl("get", "configmaps,pods,jobs,cronjobs,statefulsets,events", "--output", "json"),
      log: (await Promise.all(pods.map(log))).join(),
      sidecar: await world.kubectl("logs", "db-0", "--container", `restorable-inline-${world.namespace}-side`),
      environment: await world.kubectl(
        "exec",
        "db-0",
        "--container",
        `restorable-inline-${world.namespace}-side`,
        "--",
        "sh",
        "-c",
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' ' '",
      ),
      state: JSON.stringify(await world.stack.export()),
    };
    expect(Object.keys(secrets).length).toBeGreaterThan(4);
    for (const [name, secret] of Object.entries(secrets)) {
      // JSON escapes the line breaks of a key, so its lines are looked for one by one.
      for (const line of secret.split("\n").filter((text) => text.length > 8 && !text.startsWith("-----"))) {
        const forms = [line, Buffer.from(line).toString("base64").replace(/=+$/, "").slice(0, -2)];
        for (const [where, text] of Object.entries(texts))
          for (const form of forms) expect(text.includes(form), `${name} in ${where}`).toBe(false);
      }
    }
    const { data } = await get<{ data: Record<string, string> }>("secret", app);
    const given = JSON.parse(Buffer.from(String(data["secrets.json"]), "base64").toString()).secrets;
    expect(Object.keys(given)).toContain("RESTORABLE_APP_POSTGRES_PASSWORD");
    expect(Object.keys(given)).not.toContain("RESTORABLE_APP_PROVER_KEY");
  });

  test("the writer's identity is refused when it deletes, and what it overwrites stays as an older version", async () => {
    // The newest, which no prune takes meanwhile.
    const point = (await world.points("app")).at(-1);
    const prefix = `prod/app/artifacts/${point?.id}/`;
    const [root, writer] = [world.s3.client(), world.s3.client(world.keys.get("writer") as S3Keys)];
    try {
      const versions = async () =>
        (await root.send(new ListObjectVersionsCommand({ Bucket: "backups", Prefix: prefix }))).Versions ?? [];
      const [object] = await versions();
      const of = { Bucket: "backups", Key: String(object?.Key) };
      await expect(writer.send(new DeleteObjectCommand(of))).rejects.toThrow(/Access ?Denied/i);
      await expect(
        writer.send(new DeleteObjectCommand({ ...of, VersionId: String(object?.VersionId) })),
      ).rejects.toThrow(/Access ?Denied/i);
      await writer.send(new PutObjectCommand({ ...of, Body: "overwritten" }));
      expect((await versions()).map(({ VersionId }) => VersionId)).toContain(object?.VersionId);
      expect((await world.verify("app", String(point?.id))).checks.filter(({ ok }) => !ok)).toEqual([]);
    } finally {
      root.destroy();
      writer.destroy();
    }
  });

  test("a pod that is deleted in the middle of a backup leaves no half point, and the next run succeeds", async () => {
    // The dump waits for this lock, so that the run is certainly in its middle.
    const locked = world.sql("BEGIN; LOCK t; SELECT pg_sleep(600)").catch(() => undefined);
    const dump = () =>
      world.sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name <> 'psql'");
    const running = await waitFor(
      "a run that waits in its dump",
      async () => ((await dump()) === "" ? undefined : (await runs()).find(({ status }) => status.phase === "Running")),
      LONG,
    );
    const before = await world.points("app");
    await world.kubectl("delete", "pod", running.metadata.name);
    await world.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()",
    );
    await locked;
    expect((await world.points("app")).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const point = await anotherPoint("app");
    expect((await world.verify("app", point.id)).checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  test("a store that does not answer: the run fails and says so; the next one succeeds", async () => {
    world.cut(true);
    const failed = await ended("Failed").finally(() => world.cut(false));
    const text = await log(failed);
    expect(text).toContain('"code":"store-unreachable"');
    expect((await anotherPoint("app")).signature).toBe("valid");
  });

  test("revoked credentials: the run fails and says whose; after `pulumi up` with new ones the next run succeeds", async () => {
    const before = (await world.published("app")).at(-1);
    const renew = await world.revoke("writer");
    const failing = ended("Failed");
    await runNow("revoked");
    const said = await log(await failing);
    expect(said).toContain('"code":"bad-credentials"');
    expect(said).toMatch(/the access key and the secret key of the writer: .*renew them where they are declared/);
    expect((await world.published("app")).at(-1)).toBe(before);
    await renew();
    const run = await world.stack.up();
    expect(run.ok, run.text).toBe(true);
    const point = anotherPoint("app");
    await runNow("renewed");
    expect((await point).signature).toBe("valid");
  });

  test("[core.14] where its network policy is enforced a run takes its point, and a pod like its own reaches nothing else", async () => {
    const { namespace } = world;
    const { spec } = await get<{ spec: { jobTemplate: { spec: { template: { spec: PodSpec } } } } }>("cronjob", app);
    const policy = await get<{ spec: { podSelector: { matchLabels: object } } }>("networkpolicy", app);
    const { hostname, port } = new URL(world.network.endpoint);
    const [like, free] = [
      { name: "like", namespace },
      { name: "free", namespace },
    ] as const;
    const enforced = await enforcePolicies(namespace);
    try {
      const point = anotherPoint("app");
      await runNow("enforced");
      expect((await point).signature).toBe("valid");

      const { template } = spec.jobTemplate.spec;
      const ofFree: Place = [await listeningPod({ ...free, labels: {} }, template.spec), PORT];
      const ofLike: Place = [
        await listeningPod({ ...like, labels: policy.spec.podSelector.matchLabels }, template.spec),
        PORT,
      ];
      await waitFor("its rules", async () => !(await reached(like, ofFree))[0]);
      const allowed: readonly Place[] = [
        ["db", 5432],
        [hostname, port],
      ];
      const others: readonly Place[] = [
        ofFree,
        [hostname, new URL(world.s3.endpoint).port],
        ["kubernetes.default", 443],
      ];
      expect(await reached(like, ...allowed, ...others)).toEqual([true, true, false, false, false]);
      // All of that is there for others, and nobody comes in.
      expect(await reached(free, ...allowed, ...others, ofLike)).toEqual([true, true, true, true, true, false]);
      await enforced.stop();
      expect(await reached(free, ofLike)).toEqual([true]);
    } finally {
      await enforced.stop();
      await world.kubectl("delete", "pod", "like", "free", "--ignore-not-found", "--grace-period=1");
    }
  });

  test("another image, a renamed secret, a refresh: the restore is not run again, and its log and result stay", async () => {
    const before = await restoreJobs();
    expect(before.length).toBeGreaterThan(2);
    await world.stack.setConfig("otherImage", `docker.io/library/${RUNNER_IMAGE}`);
    await world.stack.setConfig("source", "renamed");
    const refreshed = await world.stack.refresh();
    expect(refreshed.ok, refreshed.text).toBe(true);
    const run = await world.stack.up();
    expect(run.ok, run.text).toBe(true);
    expect(operationOn(run.events, "restore-run")).toBe("same");
    const cronJob = await get<{ spec: { jobTemplate: unknown } }>("cronjob", app);
    expect(JSON.stringify(cronJob.spec.jobTemplate)).toContain(`"docker.io/library/${RUNNER_IMAGE}"`);
    expect(Object.keys(await world.secrets())).toContain("RESTORABLE_APP_RENAMED_PASSWORD");
    expect(await restoreJobs()).toEqual(before);
    expect((await world.restores("app")).map(({ id, record }) => [id, record?.ok])).toEqual([["check-app", true]]);
    expect(await world.kubectl("get", "pods", "--selector", "restorable.kind=restore", "--output", "name")).toBe("");
    const { out, err } = await world.cli("logs", "check-app", "--plan", "app");
    expect(out, err).toContain("restoring 'postgres' beside the live data, as check_app");
  });

  /** A run of the plan `app` by its CronJob, without waiting for the next minute. */
  const runNow = (name: string) => world.kubectl("create", "job", name, `--from=cronjob/${app}`);
  /** Every Job of a restore that there ever was, by the cluster's own memory. */
  const restoreJobs = async (): Promise<readonly string[]> => {
    const events = await world.kubectl(
      ...["get", "events", "--field-selector", "reason=SuccessfulCreate,involvedObject.kind=Job"],
      ...["--output", "jsonpath={.items[*].involvedObject.name}"],
    );
    return events
      .split(" ")
      .filter((name) => name.startsWith("restorable-restore-"))
      .sort();
  };
});

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: {
    readonly automountServiceAccountToken?: boolean;
    readonly volumes: readonly object[];
    readonly containers: readonly { readonly name: string }[];
  };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly restartCount: number;
    }[];
  };
}
