import { type Kind, labelsOf, unlessMissing } from "./kind.ts";

export const volumes: Kind = {
  known: ["name", "labels", "driver", "driverOpts"],
  updated: [],
  create: async (engine, inputs) => {
    const volume = await engine.createVolume({
      Name: inputs.name as string,
      Labels: labelsOf(inputs),
      Driver: (inputs.driver as string | undefined) ?? "local",
      DriverOpts: inputs.driverOpts as Record<string, string> | undefined,
    });
    return volume.name;
  },
  isThere: (engine, id) => unlessMissing(engine.getVolume(id).inspect()),
  remove: async (engine, id) => void (await unlessMissing(engine.getVolume(id).remove())),
};

export const networks: Kind = {
  known: ["name", "labels", "driver", "internal"],
  updated: [],
  create: async (engine, inputs) => {
    const network = await engine.createNetwork({
      Name: inputs.name as string,
      Labels: labelsOf(inputs),
      Driver: (inputs.driver as string | undefined) ?? "bridge",
      Internal: inputs.internal === true,
    });
    return network.id;
  },
  isThere: (engine, id) => unlessMissing(engine.getNetwork(id).inspect()),
  remove: async (engine, id) => void (await unlessMissing(engine.getNetwork(id).remove())),
};
