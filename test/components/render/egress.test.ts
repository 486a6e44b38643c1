import { expect, test } from "vitest";
import type { ClusterPlan } from "../../../components/render/cluster-runs.ts";
import { egress } from "../../../components/render/egress.ts";

const NAMES = {
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};
const rules = (hosts: readonly string[], endpoint?: string) =>
  egress({
    target: { namespace: "chipster" },
    sources: hosts.map((host) => ({ kind: "postgres", host, port: 5432 })),
    repository: { location: { kind: "s3", ...(endpoint === undefined ? {} : { endpoint }) } },
  } as unknown as ClusterPlan);
const inNamespace = (name: string) => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } });

test("a service is limited to its namespace, an address to itself; of any other name only the port is known", () => {
  const hosts = [
    "auth-postgres",
    "db.other.svc",
    "db.third.svc.cluster.local",
    "10.1.2.3",
    "fd00::1",
    "db.example.org",
  ];
  const tcp = [{ protocol: "TCP", port: 5432 }];
  expect(rules(hosts, "https://s3.example.org")).toEqual([
    NAMES,
    { to: [inNamespace("chipster")], ports: tcp },
    { to: [inNamespace("other")], ports: tcp },
    { to: [inNamespace("third")], ports: tcp },
    { to: [{ ipBlock: { cidr: "10.1.2.3/32" } }], ports: tcp },
    { to: [{ ipBlock: { cidr: "fd00::1/128" } }], ports: tcp },
    { ports: tcp },
    { ports: [{ protocol: "TCP", port: 443 }] },
  ]);
});

test("every rule stands once, and Amazon's own store is reached by HTTPS", () => {
  expect(rules(["a", "b"])).toEqual([
    NAMES,
    { to: [inNamespace("chipster")], ports: [{ protocol: "TCP", port: 5432 }] },
    { ports: [{ protocol: "TCP", port: 443 }] },
  ]);
  expect(rules([], "http://minio:9000")[1]).toEqual({
    to: [inNamespace("chipster")],
    ports: [{ protocol: "TCP", port: 9000 }],
  });
  expect(rules([], "http://[fd00::2]")[1]).toEqual({
    to: [{ ipBlock: { cidr: "fd00::2/128" } }],
    ports: [{ protocol: "TCP", port: 80 }],
  });
});
