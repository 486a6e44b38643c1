import Docker from "dockerode";

/** The engine at a provider's host; without one, where DOCKER_HOST says. */
export function engineAt(host: string | undefined): Docker {
  const url = host ?? process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock";
  if (url.startsWith("unix://")) return new Docker({ socketPath: url.slice("unix://".length) });
  const { hostname, port } = new URL(url);
  if (url.startsWith("tcp://")) return new Docker({ host: hostname, port: Number(port), protocol: "http" });
  throw new Error(`this stand-in reaches engines by unix:// and tcp://, not ${url}`);
}
