import { readFileSync } from "node:fs";
import path from "node:path";
import Docker from "dockerode";
import { JobError } from "../../spec/index.ts";
import { SshAgent } from "./ssh.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The engine of a Docker host; nothing is contacted yet. `host` is written as in DOCKER_HOST, which itself does not count. */
export const connectEngine = (host: string, environment: Environment): Docker =>
  // The library would take what is left out here from DOCKER_HOST and its companions.
  new Docker({
    host: undefined,
    port: undefined,
    socketPath: undefined,
    protocol: "http",
    ca: undefined,
    cert: undefined,
    key: undefined,
    ...connection(host, environment),
  } as unknown as Docker.DockerOptions);

/** How the library is told where an engine is. */
export const connection = (host: string, environment: Environment): object => {
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length) };
  if (host.startsWith("ssh://")) return { host: "engine.invalid", port: 80, agent: new SshAgent(host) };
  const url = URL.canParse(host) ? new URL(host) : undefined;
  if (!url?.hostname) {
    throw new JobError("bad-config", `'${host}' is no Docker host`, "write it as tcp://host:2376");
  }
  const tls = isTrue(environment.DOCKER_TLS_VERIFY);
  const port = Number(url.port || (tls ? 2376 : 2375));
  return { host: url.hostname, port, ...(tls ? { protocol: "https", ...certificates(environment) } : {}) };
};

/** As docker itself: any text but an empty one. */
const isTrue = (value: string | undefined): boolean => value !== undefined && value !== "";

const certificates = ({ DOCKER_CERT_PATH, HOME = "" }: Environment): object => {
  const folder = DOCKER_CERT_PATH || path.join(HOME, ".docker");
  const read = (name: string) => {
    try {
      return readFileSync(path.join(folder, name));
    } catch (cause) {
      throw new JobError(
        "bad-credentials",
        `DOCKER_TLS_VERIFY is set, but ${path.join(folder, name)} cannot be read`,
        "let DOCKER_CERT_PATH name the folder with ca.pem, cert.pem and key.pem",
        { cause },
      );
    }
  };
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
};
