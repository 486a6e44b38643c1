import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connection } from "../../../launch/docker/engine.ts";
import { SshAgent } from "../../../launch/docker/ssh.ts";
import { makeTempDir, removeTempDir } from "../../support/temp-dir.ts";

describe("how an engine is reached", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await makeTempDir("certificates");
    for (const name of ["ca", "cert", "key"]) await writeFile(path.join(folder, `${name}.pem`), name);
  });
  afterAll(() => removeTempDir(folder));

  test("by a socket", () => {
    expect(connection("unix:///run/docker.sock", {})).toEqual({ socketPath: "/run/docker.sock" });
  });

  test("by TCP, with certificates where docker would use them", () => {
    expect(connection("tcp://host", {})).toEqual({ host: "host", port: 2375 });
    expect(connection("tcp://host", { DOCKER_TLS_VERIFY: "" })).toEqual({ host: "host", port: 2375 });
    expect(connection("tcp://host", { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder })).toEqual({
      host: "host",
      port: 2376,
      protocol: "https",
      ca: Buffer.from("ca"),
      cert: Buffer.from("cert"),
      key: Buffer.from("key"),
    });
  });

  test("certificates that are missing are named", () => {
    expect(() => connection("tcp://host:1", { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/nowhere" })).toThrow(
      expect.objectContaining({ code: "bad-credentials" }),
    );
  });

  test("by ssh", () => {
    expect(connection("ssh://ops@host", {})).toMatchObject({ agent: expect.any(SshAgent) });
  });
});
