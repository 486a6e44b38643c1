import type Docker from "dockerode";
import { expect, test } from "vitest";
import { checkDatabases } from "../../../launch/docker/check-databases.ts";
import type { DockerPlan } from "../../../launch/docker/target.ts";
import { type Job, parse, plan as planSchema } from "../../../spec/index.ts";

const plan = parse(
  planSchema,
  {
    version: 1,
    project: "backups",
    stack: "topobank-prod",
    name: "topobank",
    target: {
      kind: "docker",
      host: "unix:///var/run/docker.sock",
      image: "restorable-runner:1.0",
      network: { kind: "network", name: "production_default" },
      ledger: "ledger",
    },
    sources: [
      {
        kind: "postgres",
        name: "postgres",
        host: "postgres",
        database: "topobank",
        login: { user: "topobank" },
        container: { name: "production_postgres_1", volume: "production_postgres_data" },
      },
    ],
    repository: { environment: "prod", location: { kind: "directory", path: "/backups" } },
    recipients: [`age1${"q".repeat(58)}`],
  },
  "plan",
) as DockerPlan;

const RUNNING = {
  State: { Running: true },
  Mounts: [{ Type: "volume", Name: "production_postgres_data" }],
  NetworkSettings: { Networks: { production_default: { IPAddress: "172.20.0.2", Aliases: ["postgres"] } } },
};

/** An engine that knows one container. */
const engineWith = (container: object | undefined): Docker =>
  ({
    getContainer: () => ({
      inspect: async () => {
        if (container) return container;
        throw Object.assign(new Error("no such container"), { statusCode: 404 });
      },
    }),
  }) as unknown as Docker;

const job = (action: "prepare" | "rollback" | "recover", into: object = { replace: {} }): Job =>
  ({ kind: "restore", action, plan, request: { id: "one", into } }) as unknown as Job;

test.each<[string, object | undefined, RegExp | undefined]>([
  ["it is the one", RUNNING, undefined],
  ["it is gone", undefined, /there is no container 'production_postgres_1' on unix:.* which should run the database/],
  ["it is stopped", { ...RUNNING, State: { Running: false } }, /'production_postgres_1' .* does not run/],
  [
    "it has another volume",
    { ...RUNNING, Mounts: [{ Type: "volume", Name: "local_postgres_data" }] },
    /is not the database of stack topobank-prod: that lies in the volume 'production_postgres_data', and this has local_postgres_data/,
  ],
  ["it has no volume", { ...RUNNING, Mounts: [{ Type: "bind" }] }, /and this has none/],
  [
    "it is not on the plan's network",
    { ...RUNNING, NetworkSettings: { Networks: { local_default: { Aliases: ["postgres"] } } } },
    /does not answer as 'postgres' in the network 'production_default'/,
  ],
  [
    "another one answers by that name",
    { ...RUNNING, NetworkSettings: { Networks: { production_default: { Aliases: ["old"] } } } },
    /does not answer as 'postgres'/,
  ],
])("[topobank.9] the database's container: %s", async (_what, container, refusal) => {
  for (const action of ["prepare", "rollback"] as const) {
    const looked = checkDatabases(engineWith(container), plan, job(action));
    if (refusal) await expect(looked).rejects.toThrow(refusal);
    else await looked;
  }
});

test("what has begun is brought to its end, and files do not ask for a database", async () => {
  await checkDatabases(engineWith(undefined), plan, job("recover"));
  await checkDatabases(engineWith(undefined), plan, job("prepare", { volume: "copy" }));
});
