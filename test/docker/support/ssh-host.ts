import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { execa } from "execa";
import { onPath } from "../../../tools/docker/programs.ts";
import { waitFor } from "../../support/wait-for.ts";
import { docker, LABELLED, type Place, program } from "./docker.ts";

/** sshd and Docker's own command from Debian: what a Docker host has that is reached by ssh. */
const DOCKERFILE = `FROM debian:trixie-slim
RUN apt-get update \\
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends openssh-server docker-cli \\
  && rm -rf /var/lib/apt/lists/* && mkdir -p /run/sshd && rm -f /etc/ssh/ssh_host_*
`;

/** A machine with sshd in front of the engine of these tests, and a client's own folder to reach it from. */
export interface SshHost {
  /** As a plan has it. */
  readonly host: string;
  readonly container: string;
  /** What a launcher's environment needs: our `ssh` is the real one, with a config of its own. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the client knows the machine's key. */
  readonly know: (isKnown: boolean) => Promise<void>;
  /** Ends every connection. */
  readonly restart: () => Promise<void>;
}

export async function startSshHost(place: Place, folder: string): Promise<SshHost> {
  const image = `restorable-sshd:${process.env.RESTORABLE_TEST_TAG ?? "test"}`;
  await execa(program, ["build", "--tag", image, "-"], { input: DOCKERFILE });
  const [port, key] = [await freePort(), path.join(folder, "key")];
  await mkdir(path.join(folder, "bin"), { recursive: true });
  await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const container = place.claim("sshd");
  const socket = (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace("unix://", "");
  const start = `ssh-keygen -A; mkdir -p -m 700 ~/.ssh; echo "$KEY" > ~/.ssh/authorized_keys; exec /usr/sbin/sshd -D -e`;
  await docker(
    ...["run", "--detach", "--init", "--name", container, ...LABELLED, "--publish", `127.0.0.1:${port}:22`],
    ...["--volume", `${socket}:/var/run/docker.sock`, "--env", `KEY=${await readFile(`${key}.pub`, "utf8")}`],
    ...[image, "sh", "-c", start],
  );
  const config = path.join(folder, "config");
  const known = path.join(folder, "known_hosts");
  await writeFile(
    config,
    `Host docker-host\n HostName 127.0.0.1\n Port ${port}\n User root\n IdentityFile ${key}\n IdentitiesOnly yes\n UserKnownHostsFile ${known}\n GlobalKnownHostsFile /dev/null\n`,
  );
  const ssh = path.join(folder, "bin/ssh");
  await writeFile(ssh, `#!/bin/sh\nexec ${onPath("ssh")[0]} -F ${config} "$@"\n`);
  await chmod(ssh, 0o755);
  const hostKey = async () => docker("exec", container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub");
  const know = async (isKnown: boolean) =>
    writeFile(known, isKnown ? `[127.0.0.1]:${port} ${(await waitFor("its key", hostKey)).trim()}\n` : "");
  await know(true);
  const answers = () => execa(ssh, ["-o", "BatchMode=yes", "docker-host", "docker", "version"]).then(() => true);
  await waitFor("sshd", answers, { seconds: 60, every: 200 });
  return {
    host: "ssh://docker-host",
    container,
    env: { PATH: `${path.dirname(ssh)}${path.delimiter}${process.env.PATH}` },
    know,
    restart: async () => {
      await docker("restart", "--time", "0", container);
    },
  };
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
