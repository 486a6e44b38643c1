import { expect, test } from "vitest";
import type { Cluster } from "../../../launch/kubernetes/cluster.ts";
import type { KubernetesPlan } from "../../../launch/kubernetes/target.ts";
import { findClaims } from "../../../launch/kubernetes/units/find-claims.ts";
import { plan as planSchema, type Request } from "../../../spec/index.ts";
import { restoreLaunch } from "../support/launches.ts";

const SERVERS = ["db", "other"];
const bound = { "volume.kubernetes.io/storage-provisioner": "rancher.io/local-path" };

/** Two database servers, each a StatefulSet of one pod with a claim and a service of its name. */
const cluster = {
  namespace: "app",
  text: "namespace 'app' (context 'test')",
  core: {
    listNamespacedPod: async () => ({
      items: SERVERS.map((name) => ({
        metadata: { name: `${name}-0`, labels: { app: name }, ownerReferences: [{ kind: "StatefulSet", name }] },
        spec: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: `data-${name}-0` } }] },
        status: { phase: "Running" },
      })),
    }),
    readNamespacedPersistentVolumeClaim: async ({ name }: { name: string }) => ({
      metadata: { name, uid: name, annotations: bound },
      spec: { volumeName: `volume-of-${name}` },
      status: { phase: "Bound" },
    }),
    readNamespacedService: async ({ name }: { name: string }) => ({ spec: { selector: { app: name } } }),
  },
  apps: {
    readNamespacedStatefulSet: async ({ name }: { name: string }) => ({
      metadata: { name, generation: 1 },
      spec: { replicas: 1, selector: { matchLabels: { app: name } } },
      status: { observedGeneration: 1, replicas: 1 },
    }),
  },
} as unknown as Cluster;

const source = (name: string) => ({
  ...({ kind: "postgres", host: name, database: name } as const),
  name,
  login: { user: "postgres", password: { kind: "env", name: "PG_PASSWORD" } },
});
const plan = planSchema.parse({
  ...restoreLaunch().plan,
  target: { kind: "kubernetes", namespace: "app", image: "runner", ledger: "ledger" },
  sources: SERVERS.map(source),
  quiesce: undefined,
}) as KubernetesPlan;

const find = (recreateClaims: readonly string[], sources?: readonly string[]) => {
  const request = { into: { inPlace: { recreateClaims } }, ...(sources ? { sources } : {}) } as unknown as Request;
  return findClaims(cluster, plan, request);
};

test("the claim of each database that is restored is found, with its server", async () => {
  const found = await find(["data-db-0"], ["db"]);
  expect(found).toMatchObject([{ name: "data-db-0", uid: "data-db-0", workload: { name: "db", replicas: 1 } }]);
  expect(found[0]?.spec).not.toHaveProperty("volumeName");
  expect((await find(["data-db-0", "data-other-0"])).map(({ name }) => name)).toEqual(["data-db-0", "data-other-0"]);
});

test.each([
  ["another server's claim", ["data-other-0"], ["db"], /pod behind 'db'.* has none of the claims data-other-0/],
  ["one claim of two databases", ["data-db-0"], undefined, /pod behind 'other'.* has none of the claims data-db-0/],
  [
    "a claim too many",
    ["data-db-0", "data-other-0"],
    ["db"],
    /no database that this request restores .*'data-other-0'/,
  ],
])("%s is refused before anything is touched", async (_what, claims, sources, fact) => {
  await expect(find(claims, sources)).rejects.toMatchObject({
    code: "wrong-target",
    fact: expect.stringMatching(fact),
    hint: expect.stringContaining("nothing was touched"),
  });
});
