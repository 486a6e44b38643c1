// Stand-in for `pulumi-language-nodejs`, used only where the official Pulumi download cannot be had. It speaks the
// SDK's own protocol and starts the SDK's own program runner, so programs behave as under the official host; what it
// leaves out is installing packages, generating code and debugging.
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages, { type RunPluginRequest, type RunRequest } from "@pulumi/pulumi/proto/language_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import { version } from "@pulumi/pulumi/version.js";
import { leaveWithEngine } from "./leave-with-engine.ts";

/** The SDK's runner exits with this after it has explained the failure itself; the engine then adds nothing. */
const EXIT_EXPLAINED = 32;

type Unary<Request, Response> = (call: { request: Request }, reply: grpc.sendUnaryData<Response>) => void;

const engine = process.argv.slice(2).findLast((argument) => !argument.startsWith("-")) ?? "";
const children = new Set<ChildProcess>();

function start(args: readonly string[], cwd: string, env: Record<string, string>, stdio: "pipe" | "inherit") {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", stdio, stdio],
  });
  children.add(child);
  child.on("close", () => children.delete(child));
  return child;
}

/** The SDK of the program itself, which may be another one than this project's. */
const programRunner = (root: string) =>
  createRequire(path.join(root, "Pulumi.yaml")).resolve("@pulumi/pulumi/cmd/run/index.js");

function runnerArguments(request: RunRequest): readonly string[] {
  const info = request.getInfo();
  const root = info?.getRootDirectory() ?? request.getPwd();
  const program = path.resolve(info?.getProgramDirectory() ?? root, info?.getEntryPoint() ?? request.getProgram());
  return [
    programRunner(root),
    ...["--monitor", request.getMonitorAddress(), "--engine", engine],
    ...["--project", request.getProject(), "--stack", request.getStack(), "--organization", request.getOrganization()],
    ...["--root-directory", root, "--pwd", request.getPwd(), "--parallel", String(request.getParallel())],
    ...(request.getDryrun() ? ["--dry-run"] : []),
    program,
    ...request.getArgsList(),
  ];
}

const run: Unary<RunRequest, unknown> = ({ request }, reply) => {
  const config = Object.fromEntries(request.getConfigMap().getEntryList());
  const env = {
    PULUMI_CONFIG: JSON.stringify(config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    PULUMI_NODEJS_TYPESCRIPT: "false",
  };
  const child = start(runnerArguments(request), request.getPwd(), env, "inherit");
  child.on("close", (code, signal) => {
    const response = new messages.RunResponse();
    if (code === EXIT_EXPLAINED) response.setBail(true);
    else if (code !== 0) response.setError(`the program ended with ${signal ?? `exit code ${code}`}`);
    reply(null, response);
  });
};

/** Runs a plugin that is itself a Node program: a component package. */
function runPlugin(call: grpc.ServerWritableStream<RunPluginRequest, unknown>): void {
  const { request } = call;
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() ?? request.getPwd();
  const entry = createRequire(path.join(directory, "package.json")).resolve(
    path.resolve(directory, info?.getEntryPoint() ?? "."),
  );
  const env = Object.fromEntries(request.getEnvList().map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
  const child = start([entry, ...request.getArgsList()], request.getPwd() || directory, env, "pipe");
  child.stdout?.on("data", (bytes: Buffer) => call.write(new messages.RunPluginResponse().setStdout(bytes)));
  child.stderr?.on("data", (bytes: Buffer) => call.write(new messages.RunPluginResponse().setStderr(bytes)));
  child.on("close", (code) => {
    call.write(new messages.RunPluginResponse().setExitcode(code ?? 1));
    call.end();
  });
  call.on("cancelled", () => child.kill());
}

const always =
  <Response>(response: Response): Unary<unknown, Response> =>
  (_call, reply) =>
    reply(null, response);

const implementation = {
  handshake: always(new messages.LanguageHandshakeResponse()),
  getPluginInfo: always(new plugins.PluginInfo().setVersion(version)),
  getRequiredPlugins: always(new messages.GetRequiredPluginsResponse()),
  getRequiredPackages: always(new messages.GetRequiredPackagesResponse()),
  runtimeOptionsPrompts: always(new messages.RuntimeOptionsResponse()),
  about: always(new messages.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
  run,
  runPlugin,
};

leaveWithEngine(() => {
  for (const child of children) child.kill();
  process.exit(0);
});
const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
server.addService(services.LanguageRuntimeService, implementation as unknown as grpc.UntypedServiceImplementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
