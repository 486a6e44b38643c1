import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, test } from "vitest";
import { connectCluster } from "../../../launch/kubernetes/cluster.ts";
import { kubernetesTarget } from "../../../spec/index.ts";
import { makeServerCertificate } from "../../../tools/servers/server-certificate.ts";
import { makeTempDir, removeTempDir } from "../../support/temp-dir.ts";

test("many requests share their connections", async () => {
  const directory = await makeTempDir("cluster");
  const { certificateFile, keyFile } = await makeServerCertificate(directory);
  const [cert, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
  let connections = 0;
  const server = createServer({ cert, key }, (_request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ apiVersion: "v1", kind: "PodList", items: [] }));
  });
  server.on("secureConnection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  const file = path.join(directory, "kubeconfig");
  await writeFile(file, JSON.stringify(kubeconfig));
  const named = { namespace: "app", image: "runner", ledger: "ledger", kubeconfig: { kind: "file", path: file } };
  try {
    const target = kubernetesTarget.parse({ kind: "kubernetes", ...named });
    const { core, namespace } = await connectCluster(target, {});
    for (let round = 0; round < 20; round += 1) await core.listNamespacedPod({ namespace });
    // A second one where the first is not done with its answer yet.
    expect(connections).toBeLessThanOrEqual(2);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await removeTempDir(directory);
  }
});
