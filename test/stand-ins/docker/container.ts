import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { type Kind, labelsOf, type Properties, unlessMissing } from "./kind.ts";
import { type Upload, uploadArchive } from "./upload-archive.ts";

const LOCAL = ["start", "mustRun", "wait", "waitTimeout", "destroyGraceSeconds", "removeVolumes"] as const;
const MIB = 1024 ** 2;

export const containers: Kind = {
  known: [
    ...LOCAL,
    ...[
      "name",
      "image",
      "command",
      "entrypoints",
      "envs",
      "labels",
      "user",
      "networkMode",
      "networksAdvanced",
      "mounts",
    ],
    ...["volumes", "ports", "uploads", "readOnly", "capabilities", "securityOpts", "tmpfs", "logDriver", "logOpts"],
    ...["restart", "stopTimeout", "healthcheck", "memory", "memorySwap", "hostname", "shmSize"],
  ],
  updated: LOCAL,
  create: async (engine, inputs) => {
    const container = await engine.createContainer(options(inputs));
    try {
      for (const network of list<{ name: string; aliases?: string[] }>(inputs.networksAdvanced).slice(1)) {
        await engine
          .getNetwork(network.name)
          .connect({ Container: container.id, EndpointConfig: { Aliases: network.aliases } });
      }
      for (const upload of list<Upload>(inputs.uploads)) {
        await container.putArchive(uploadArchive(upload), { path: "/" });
      }
      if (inputs.start === false) return container.id;
      await container.start();
      await comesUp(container, inputs);
    } catch (error) {
      await container.remove({ force: true, v: true });
      throw error;
    }
    return container.id;
  },
  isThere: async (engine, id, inputs) => {
    const container = engine.getContainer(id);
    if (!(await unlessMissing(container.inspect()))) return false;
    if (inputs.mustRun === false || (await container.inspect()).State.Running) return true;
    await unlessMissing(container.remove({ force: true, v: true }));
    return false;
  },
  remove: async (engine, id, inputs) => {
    const container = engine.getContainer(id);
    const seconds = inputs.destroyGraceSeconds as number | undefined;
    // Status 304 says that it had ended.
    if (seconds !== undefined) await unlessMissing(container.stop({ t: seconds })).catch(() => undefined);
    await unlessMissing(container.remove({ force: true, v: inputs.removeVolumes !== false }));
  },
};

const list = <T>(value: unknown): readonly T[] => (value as readonly T[] | undefined) ?? [];
const text = (value: unknown) => value as string | undefined;

const options = (inputs: Properties): Docker.ContainerCreateOptions => {
  const [network] = list<{ name: string; aliases?: string[] }>(inputs.networksAdvanced);
  return {
    name: text(inputs.name),
    Image: text(inputs.image),
    Cmd: inputs.command as string[] | undefined,
    Entrypoint: inputs.entrypoints as string[] | undefined,
    Env: inputs.envs as string[] | undefined,
    User: text(inputs.user),
    Hostname: text(inputs.hostname),
    Labels: labelsOf(inputs),
    StopTimeout: inputs.stopTimeout as number | undefined,
    Healthcheck: healthcheck(inputs.healthcheck as Record<string, unknown> | undefined),
    ...(network ? { NetworkingConfig: { EndpointsConfig: { [network.name]: { Aliases: network.aliases } } } } : {}),
    ExposedPorts: Object.fromEntries(list<Port>(inputs.ports).map(({ internal }) => [`${internal}/tcp`, {}])),
    HostConfig: hostConfig(inputs, network?.name),
  };
};

interface Port {
  readonly internal: number;
  readonly external?: number;
  readonly ip?: string;
}

const hostConfig = (inputs: Properties, network: string | undefined): Docker.HostConfig => {
  const { adds = [], drops = [] } = (inputs.capabilities as { adds?: string[]; drops?: string[] } | undefined) ?? {};
  return {
    NetworkMode: network ?? text(inputs.networkMode),
    Mounts: list<{ type: Docker.MountType; source: string; target: string; readOnly?: boolean }>(inputs.mounts).map(
      ({ type, source, target, readOnly }) => ({
        Type: type,
        Source: source,
        Target: target,
        ReadOnly: readOnly === true,
      }),
    ),
    Binds: list<{ volumeName?: string; hostPath?: string; containerPath: string; readOnly?: boolean }>(
      inputs.volumes,
    ).map(
      ({ volumeName, hostPath, containerPath, readOnly }) =>
        `${volumeName ?? hostPath}:${containerPath}${readOnly ? ":ro" : ""}`,
    ),
    PortBindings: Object.fromEntries(
      list<Port>(inputs.ports).map(({ internal, external, ip }) => [
        `${internal}/tcp`,
        [{ HostIp: ip ?? "0.0.0.0", HostPort: external === undefined ? "" : String(external) }],
      ]),
    ),
    ReadonlyRootfs: inputs.readOnly === true,
    CapAdd: [...adds],
    CapDrop: [...drops],
    SecurityOpt: inputs.securityOpts as string[] | undefined,
    Tmpfs: inputs.tmpfs as Record<string, string> | undefined,
    LogConfig: { Type: text(inputs.logDriver) ?? "json-file", Config: inputs.logOpts ?? {} },
    RestartPolicy: { Name: text(inputs.restart) ?? "no" },
    Memory: ((inputs.memory as number | undefined) ?? 0) * MIB,
    MemorySwap: ((inputs.memorySwap as number | undefined) ?? 0) * MIB,
    ...(inputs.shmSize === undefined ? {} : { ShmSize: (inputs.shmSize as number) * MIB }),
  };
};

const healthcheck = (value: Record<string, unknown> | undefined): Docker.HealthConfig | undefined =>
  value && {
    Test: value.tests as string[],
    Interval: nanoseconds(value.interval),
    Timeout: nanoseconds(value.timeout),
    StartPeriod: nanoseconds(value.startPeriod),
    Retries: value.retries as number | undefined,
  };

const nanoseconds = (value: unknown): number => {
  const [, amount, unit] = /^(\d+)(ms|s|m)$/.exec(String(value ?? "0s")) ?? [];
  if (amount === undefined) throw new Error(`this stand-in does not read the duration ${value}`);
  return Number(amount) * { ms: 1e6, s: 1e9, m: 60e9 }[unit as "ms" | "s" | "m"];
};

/** What the official provider waits for: a healthy container where `wait` says so, a running one in any case. */
const comesUp = async (container: Docker.Container, inputs: Properties): Promise<void> => {
  const until = Date.now() + ((inputs.waitTimeout as number | undefined) ?? 60) * 1000;
  for (;;) {
    const { State } = await container.inspect();
    if (inputs.wait === true ? State.Health?.Status === "healthy" : State.Running || inputs.mustRun === false) return;
    if (Date.now() > until) throw new Error(`Container ${container.id} failed to be in healthy state in time`);
    await pause(200);
  }
};
