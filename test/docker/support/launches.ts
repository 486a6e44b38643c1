import { createHash } from "node:crypto";
import path from "node:path";
import { execa } from "execa";
import {
  canonicalJson,
  type Launch,
  type Plan,
  parse,
  plan as planSchema,
  type Quiesce,
  type Request,
  type RestoreRecord,
  restoreRecord,
  sourceMount,
} from "../../../spec/index.ts";
import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { checkout } from "../../../tools/servers/tools.ts";
import { waitFor } from "../../support/wait-for.ts";
import { docker } from "./docker.ts";
import type { DockerWorld } from "./world.ts";

/** The engine of these tests, as a plan names it. */
export const HOST = process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock";

/** The plan of a world with its jobs on the Docker host; the volume of its files is mounted into them. */
export const hostPlan = (
  world: DockerWorld,
  { quiesce, ...changes }: Partial<Omit<Plan, "quiesce">> & { readonly quiesce?: Partial<Quiesce> } = {},
): Plan =>
  parse(
    planSchema,
    {
      ...world.plan,
      stack: world.place.network,
      target: {
        kind: "docker",
        host: HOST,
        image: RUNNER_IMAGE,
        network: { kind: "network", name: world.place.network },
        ledger: world.ledger,
      },
      sources: world.plan.sources.map((source) =>
        source.kind === "files"
          ? { ...source, directory: sourceMount(source.name), mount: { kind: "volume", name: world.files } }
          : source,
      ),
      ...(quiesce === undefined ? {} : { quiesce }),
      ...changes,
    },
    "plan",
  );

export const launchOf = (plan: Plan, request: Omit<Request, "confirm" | "point"> & Partial<Request>): Launch => {
  const whole: Request = { point: "latest", confirm: `${plan.project}/${plan.stack}/${plan.name}`, ...request };
  return {
    kind: "restore",
    version: 1,
    plan,
    from: { repository: plan.repository, plan: plan.name },
    request: whole,
    requestDigest: createHash("sha256").update(canonicalJson(whole)).digest("hex"),
    identity: { kind: "env", name: "RESTORABLE_IDENTITY" },
  };
};

/** The launcher as a Command runs it, in a process of its own that can be killed. */
export const startLauncher = (
  world: Pick<DockerWorld, "secrets" | "operatorKey">,
  launch: Launch,
  env: Readonly<Record<string, string>> = {},
) =>
  execa(process.execPath, [path.join(checkout, "launch/main.ts")], {
    input: JSON.stringify(launch),
    env: { ...world.secrets, RESTORABLE_IDENTITY: world.operatorKey, ...env },
    reject: false,
    all: true,
  });

export type Launcher = ReturnType<typeof startLauncher>;

/** Once a launcher has said something. */
export const saidBy = (launcher: Pick<Launcher, "stderr">, said: RegExp): Promise<boolean> => {
  let all = "";
  launcher.stderr.on("data", (text: Buffer) => {
    all += text;
  });
  return waitFor(`${said} of the launcher`, () => said.test(all), { seconds: 120, every: 5 });
};

/** As `kill -9`, once it has said something. */
export const killAfter = async (launcher: Launcher, said: RegExp): Promise<void> => {
  await saidBy(launcher, said);
  launcher.kill("SIGKILL");
  await launcher;
};

/** Runs the launcher to its end; the record is what it prints. */
export const launched = async (running: Launcher): Promise<RestoreRecord> => {
  const { stdout, stderr } = await running;
  const record = restoreRecord.safeParse(JSON.parse(stdout === "" ? "null" : stdout));
  if (!record.success) throw new Error(`the launcher printed no record:\n${stderr}`);
  return record.data;
};

/** The command line, with a plan in a file. */
export const restorable = (
  world: Pick<DockerWorld, "secrets" | "operatorKey">,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) =>
  execa(process.execPath, [path.join(checkout, "cli/main.ts"), ...args], {
    env: { ...world.secrets, RESTORABLE_IDENTITY: world.operatorKey, ...env },
    reject: false,
    all: true,
  });

/** Containers of this plan's jobs that are there, by name. */
export const jobContainers = async (plan: Plan): Promise<readonly string[]> => {
  const filter = ["--filter", `label=restorable.stack=${plan.stack}`];
  return (await docker("ps", "--all", "--format", "{{.Names}}", ...filter)).split("\n").filter(Boolean);
};

/** Holds a job still. The freezer of older kernels' cgroups gives up on a busy machine, and is asked again. */
export const hold = (container: string): Promise<boolean> =>
  waitFor(`a pause of ${container}`, () => docker("pause", container).then(() => true), { every: 10 });

/** Takes away what jobs of a plan left: containers first. */
export const removeJobs = async (plan: Plan): Promise<void> => {
  const containers = await jobContainers(plan);
  if (containers.length > 0) await docker("rm", "--force", ...containers);
  const filter = ["--filter", `label=restorable.stack=${plan.stack}`];
  const volumes = (await docker("volume", "ls", "--quiet", ...filter)).split("\n").filter(Boolean);
  if (volumes.length > 0) await docker("volume", "rm", "--force", ...volumes);
};

/** Runs a few lines of Node as root with a volume at /data. */
export const inVolume = (volume: string, script: string, argument = "/data"): Promise<string> =>
  docker(
    ...["run", "--rm", "--network", "none", "--user", "0:0", "--volume", `${volume}:/data`],
    ...["--entrypoint", "node", RUNNER_IMAGE, "--eval", script, "--", argument],
  );

/** Every file of a tree with owner, mode and content, one line each. */
export const LISTING = `
  const path = require("node:path");
  const walk = (at) => fs.readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
    if (entry.name.startsWith(".restorable-")) return [];
    const full = path.join(at, entry.name);
    const { uid, gid, mode } = fs.lstatSync(full);
    const content = entry.isFile() ? require("node:crypto").createHash("sha256").update(fs.readFileSync(full)).digest("hex")
      : entry.isSymbolicLink() ? fs.readlinkSync(full) : "";
    const line = [path.relative(process.argv[1], full), uid + ":" + gid, mode.toString(8), content].join(" ");
    return entry.isDirectory() ? [line, ...walk(full)] : [line];
  });
  console.log(walk(process.argv[1]).join("\\n"));`;
