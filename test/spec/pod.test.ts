import { expect, test } from "vitest";
import {
  besideAffinity,
  certificateVolumes,
  confinement,
  distinctVolumes,
  parse,
  plan,
  podResources,
  sourceVolumes,
} from "../../spec/index.ts";
import { examplePlan } from "./examples.ts";

const CA = { path: "/ca/db.pem", from: "configMap", name: "db-ca", key: "ca.crt" };
const CLUSTER = { kind: "kubernetes", namespace: "chipster", image: "runner:1", ledger: "ledger", certificates: [CA] };
const CLAIM = { kind: "claim", name: "storage", beside: { app: "file-storage" } };
const FILES = { kind: "files", name: "storage", directory: "/sources/storage", mount: CLAIM };

const onCluster = (target: object = CLUSTER) => {
  const example = examplePlan();
  const [db] = example.sources;
  const tls = { mode: "verify-full", ca: "/ca/db.pem" };
  const repository = { ...example.repository, location: { kind: "s3", bucket: "backups" } };
  const value = { ...example, target, repository, sources: [{ ...db, tls }, FILES], quiesce: undefined };
  const { target: parsed, sources } = parse(plan, value, "plan");
  if (parsed.kind !== "kubernetes") throw new Error("not in a cluster");
  return { target: parsed, sources };
};

test("a claim is mounted where its source is read, and only on the nodes beside its application", () => {
  const { sources } = onCluster();
  expect(sourceVolumes(sources, true)).toEqual([
    {
      volume: { name: "source-1", persistentVolumeClaim: { claimName: "storage", readOnly: true } },
      mount: { name: "source-1", mountPath: "/sources/storage", readOnly: true },
    },
  ]);
  expect(sourceVolumes(sources, false)[0]?.volume).toEqual({
    name: "source-1",
    persistentVolumeClaim: { claimName: "storage" },
  });
  expect(besideAffinity(sources)).toEqual({
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: "file-storage" } }, topologyKey: "kubernetes.io/hostname" },
      ],
    },
  });
  expect(besideAffinity(sources.slice(0, 1))).toBeUndefined();
});

test("sources of one claim share its volume, which the pod has once", () => {
  const { sources } = onCluster();
  const [, storage] = sources;
  if (storage?.kind !== "files") throw new Error("no files");
  const volumes = sourceVolumes([storage, { ...storage, name: "part" }], false);
  expect(volumes.map(({ mount }) => mount)).toEqual([
    { name: "source-0", mountPath: "/sources/storage" },
    { name: "source-0", mountPath: "/sources/part" },
  ]);
  expect(distinctVolumes(volumes)).toEqual([{ name: "source-0", persistentVolumeClaim: { claimName: "storage" } }]);
});

test("a Secret is mounted where its source is read, and nowhere else", () => {
  const mount = { kind: "secret", name: "passwords" };
  const { sources } = parse(
    plan,
    { ...examplePlan(), target: CLUSTER, sources: [{ ...FILES, directory: "/sources/storage/..data", mount }] },
    "plan",
  );
  expect(sourceVolumes(sources, true)).toEqual([
    {
      volume: { name: "source-0", secret: { secretName: "passwords", defaultMode: 0o444 } },
      mount: { name: "source-0", mountPath: "/sources/storage", readOnly: true },
    },
  ]);
  expect(sourceVolumes(sources, false)).toEqual([]);
});

test("a CA file comes from its ConfigMap or Secret, and only where a job needs it", () => {
  const { target } = onCluster();
  expect(certificateVolumes(target, [])).toEqual([]);
  expect(certificateVolumes(target, ["/ca/db.pem"])).toEqual([
    {
      volume: { name: "ca-0", configMap: { name: "db-ca", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      mount: { name: "ca-0", mountPath: "/ca/db.pem", subPath: "ca.crt", readOnly: true },
    },
  ]);
  expect(() => onCluster({ ...CLUSTER, certificates: [] })).toThrow(
    "target.certificates: the CA file '/ca/db.pem' is in no pod",
  );
  const secret = { ...target, certificates: [{ ...CA, from: "secret" as const }] };
  expect(certificateVolumes(secret, ["/ca/db.pem"])[0]?.volume).toHaveProperty("secret.secretName", "db-ca");
});

test("a container is confined and limited", () => {
  expect(confinement({ user: "1000:2000" })).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, runAsGroup: 2000 });
  expect(confinement({ user: "0:0" })).toMatchObject({ runAsNonRoot: false, capabilities: { drop: ["ALL"] } });
  expect(podResources({ memory: 1024 ** 3, cpu: 2 })).toEqual({
    requests: { memory: "268435456", cpu: "100m" },
    limits: { memory: "1073741824", cpu: "2000m" },
  });
  expect(podResources({ memory: 1000, cpu: 0.1 }).requests).toEqual({ memory: "1000", cpu: "100m" });
});
