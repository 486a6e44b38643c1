import path from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pointTime } from "../../spec/index.ts";
import { APART, type Cluster, startCluster } from "../../tools/kubernetes/cluster.ts";
import { checkout } from "../../tools/servers/tools.ts";
import { waitFor } from "../support/wait-for.ts";
import { nodeOfTier } from "./support/node-of-tier.ts";
import { ClusterPlanStack } from "./support/plan-stack.ts";

const LONG = { seconds: 240, every: 1000 };
const PODS = ["get", "pods", "--selector", "restorable.plan=app,restorable.role=scheduler"];

/** As a power failure: every process of the node dies at once, the control plane's too, and starts again. */
const restartNode = async (): Promise<void> => {
  const { state, kubectl } = nodeOfTier();
  await execa(path.join(checkout, "tools/kubernetes/restart-node.sh"), [state, kubectl]);
};

describe("a node that restarts · kubernetes, pulumi engine, postgres 17, versitygw", () => {
  let cluster: Cluster;
  let world: ClusterPlanStack;

  beforeAll(async () => {
    const { programs, images } = nodeOfTier();
    cluster = await startCluster(programs, images, APART);
    world = await ClusterPlanStack.create();
    const first = await world.stack.up();
    if (!first.ok) throw new Error(first.text);
    await world.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n");
    await world.kubectl("exec", "db-0", "--container=postgres", "--", "sh", "-c", "echo one >/files/one");
  });
  afterAll(async () => {
    await world?.close();
    await cluster?.stop();
  });

  const restarts = async () =>
    Number(
      await world.kubectl("get", "pod", "db-0", "--output", "jsonpath={.status.containerStatuses[0].restartCount}"),
    );
  const runNow = (job: string) =>
    world.kubectl("create", "job", job, `--from=cronjob/restorable-inline-${world.namespace}-app`);
  const pointAfter = (id: string) =>
    waitFor("another point", async () => (await world.published("app")).find((point) => point > id), LONG);
  const wrongWith = async (id: string) => (await world.verify("app", id)).checks.filter(({ ok }) => !ok);

  test("in the middle of a run: no half point, the last good one opens, and the schedule goes on by itself", async () => {
    await runNow("first");
    const before = await pointAfter("");
    // The dump waits for this lock, so that the run is certainly in its middle.
    // By a program that ends with the node; a connection of ours would never hear of that.
    const locked = world
      .kubectl(
        ...["exec", "db-0", "--container=postgres", "--", "psql", "--username=postgres", "--dbname=app"],
        "--command=BEGIN; LOCK t; SELECT pg_sleep(600)",
      )
      .catch(() => undefined);
    await runNow("middle");
    await waitFor(
      "a run of the CronJob that waits in its dump",
      async () => {
        const addresses = await world.kubectl(
          ...[...PODS, "--field-selector=status.phase=Running", "--output=jsonpath={.items[*].status.podIP}"],
        );
        const from = addresses.split(" ").map((address) => `'${address}'`);
        const waits = `wait_event_type = 'Lock' AND host(client_addr) IN (${from.join()})`;
        return (await world.sql(`SELECT pid FROM pg_stat_activity WHERE ${waits}`)) !== "";
      },
      LONG,
    );
    // It holds the plan's lease, so that no other run publishes meanwhile.
    const there = await world.published("app");
    const restarted = new Date();
    await restartNode();
    await locked;

    await waitFor("the database to be up again", async () => (await restarts()) > 0 && world.sql("SELECT 1"), LONG);
    const whole = (await world.published("app")).filter((id) => pointTime(id) < restarted);
    expect(whole).toEqual(there);
    const after = await pointAfter(there.at(-1) as string);
    expect(await wrongWith(after)).toEqual([]);
    expect(await wrongWith(before)).toEqual([]);
    expect(await world.sql("SELECT count(*) FROM t")).toBe("1000");
    // The run that died has failed, and no pod of it has begun it anew.
    const phases = await world.kubectl(...PODS, "--output=jsonpath={.items[*].status.phase}");
    expect(phases).toContain("Failed");
  });
});
