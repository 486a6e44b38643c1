import { S3Client } from "@aws-sdk/client-s3";
import { CEPH_IMAGE } from "../../../tools/docker/images.ts";
import type { S3Keys } from "../../../tools/servers/s3-server.ts";
import { waitFor } from "../../support/wait-for.ts";
import { docker, type Place } from "./docker.ts";

/** A real Ceph RGW in one container without any capability. A day of its lifecycle takes five seconds. */
export interface Ceph {
  readonly container: string;
  readonly endpoint: string;
  /** Makes a user who may do nothing but have buckets of its own, unless it is given capabilities. */
  readonly createUser: (name: string, caps?: string) => Promise<S3Keys>;
  /** A client with somebody's keys; all of them end with `close`. */
  readonly client: (keys: S3Keys) => S3Client;
  readonly close: () => void;
}

export async function startCeph(place: Place): Promise<Ceph> {
  const confined = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
  const container = await place.start("ceph", CEPH_IMAGE, [...confined, "--publish", "127.0.0.1::7480"]);
  const [address] = (await docker("port", container, "7480/tcp")).split("\n");
  const endpoint = `http://${address}`;
  await waitFor("Ceph's gateway", () => fetch(endpoint).then(({ ok }) => ok));
  const clients: S3Client[] = [];
  return {
    container,
    endpoint,
    createUser: async (name, caps) => {
      const rights = caps === undefined ? [] : ["--caps", caps];
      const user = await radosgwAdmin(container, "user", "create", "--uid", name, "--display-name", name, ...rights);
      const [key] = (user as { keys: { access_key: string; secret_key: string }[] }).keys;
      return { accessKeyId: key?.access_key ?? "", secretAccessKey: key?.secret_key ?? "" };
    },
    client: (credentials) => {
      const checksums = {
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
      } as const;
      const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, ...checksums, credentials });
      clients.push(client);
      return client;
    },
    close: () => {
      for (const client of clients) client.destroy();
    },
  };
}

/** What Ceph's own tool answers. */
export async function radosgwAdmin(container: string, ...args: readonly string[]): Promise<unknown> {
  const printed = await docker("exec", container, "radosgw-admin", ...args);
  return printed.trim() === "" ? undefined : JSON.parse(printed);
}
