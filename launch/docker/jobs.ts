import type Docker from "dockerode";
import { LABEL, planLabels } from "../../spec/index.ts";
import type { FoundJob, JobsOn } from "../found-job.ts";
import { connectEngine } from "./engine.ts";
import { engineError } from "./engine-error.ts";
import { followJob } from "./follow.ts";
import { withLabels } from "./labels.ts";
import { logFrames } from "./log-frames.ts";
import type { DockerPlan } from "./target.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The jobs of a plan whose containers are on its Docker host. Each throws JobError `engine-unreachable`. */
export const dockerJobs = (plan: DockerPlan, environment: Environment = process.env): JobsOn => {
  const { host } = plan.target;
  const engine = connectEngine(host, environment);
  return {
    place: host,
    list: () => jobsOn(engine, plan),
    follow: ({ id, kind, container }, options) =>
      followJob({ id, kind, host, container: engine.getContainer(container) }, options),
    remove: async ({ container }) => {
      await engine.getContainer(container).remove({ force: true, v: true });
    },
    log: ({ container }) => logOf(engine, host, container),
    schedulerLog: async () => {
      const [scheduler] = await containersOf(engine, plan, { "restorable.role": "scheduler" });
      return scheduler && logOf(engine, host, scheduler.Id);
    },
  };
};

const jobsOn = async (engine: Docker, plan: DockerPlan): Promise<readonly FoundJob[]> => {
  const found = await containersOf(engine, plan);
  // The scheduler of a plan carries its name, too, but is no job.
  return found.flatMap(foundJob).sort((a, b) => a.began.getTime() - b.began.getTime());
};

const containersOf = async (
  engine: Docker,
  plan: DockerPlan,
  more: Readonly<Record<string, string>> = {},
): Promise<readonly Docker.ContainerInfo[]> => {
  try {
    return await engine.listContainers({ all: true, filters: withLabels({ ...planLabels(plan), ...more }) });
  } catch (cause) {
    throw engineError(plan.target.host, "its containers could not be listed", cause);
  }
};

const logOf = async (engine: Docker, host: string, container: string): Promise<readonly string[]> => {
  try {
    const options = { follow: false, stdout: true, stderr: true, timestamps: true } as const;
    const frames = logFrames()(await engine.getContainer(container).logs(options));
    const text = Buffer.concat(frames.map((frame) => frame.text)).toString("utf8");
    return text.split("\n").filter((line) => line !== "");
  } catch (cause) {
    throw engineError(host, "a container's log could not be read", cause);
  }
};

const foundJob = ({ Id, Labels, State, Created }: Docker.ContainerInfo): readonly FoundJob[] => {
  const [id, kind] = [Labels[LABEL.job], Labels[LABEL.kind]];
  if (id === undefined || kind === undefined) return [];
  const [action, request] = [Labels[LABEL.action], Labels[LABEL.request]];
  return [
    {
      id,
      kind,
      ...(action === undefined ? {} : { action }),
      ...(request === undefined ? {} : { request }),
      state: State === "created" ? "unstarted" : ["exited", "dead", "removing"].includes(State) ? "ended" : "runs",
      began: new Date(Created * 1000),
      container: Id,
    },
  ];
};
