// Stand-in for the `command` provider 1.2.1, used only where the official plugin cannot be had. It knows
// `command:local:Command` without archives and assets, and keeps the official one's ways: a changed `triggers`
// replaces, any other change runs `update` or, without one, `create` again, and a failure leaves no state.
import { randomBytes } from "node:crypto";
import * as provider from "@pulumi/pulumi/provider/index.js";
import { type CommandOutputs, changedInputs, commandInputs, UNSUPPORTED, unwrap } from "./command-inputs.ts";
import { engineStatus } from "./engine-log.ts";
import { leaveWithEngine } from "./leave-with-engine.ts";
import { runCommand, running } from "./run-command.ts";

type Properties = Readonly<Record<string, unknown>>;

const args = process.argv.slice(2);
const status = engineStatus(args.find((argument) => !argument.startsWith("-")));

const typeOf = (urn: string) => urn.split("::")[2]?.split("$").at(-1);
const nameOf = (urn: string) => urn.split("::").at(-1) ?? "command";

function refusals(urn: string, news: Properties): provider.CheckFailure[] {
  const type = typeOf(urn);
  if (type !== "command:local:Command") {
    return [{ property: "", reason: `this stand-in of the command provider does not know ${type}` }];
  }
  return UNSUPPORTED.filter((property) => news[property] !== undefined).map((property) => ({
    property,
    reason: `this stand-in of the command provider does not support ${property}: use the official plugin`,
  }));
}

function outputsOf(properties: Properties): CommandOutputs {
  return { stdout: String(unwrap(properties.stdout) ?? ""), stderr: String(unwrap(properties.stderr) ?? "") };
}

/** Runs the text, if there is one; the new state is the inputs as they came (secrets stay secrets) and the outputs. */
async function apply(urn: string, text: string | undefined, news: Properties, olds?: Properties): Promise<Properties> {
  const previous = olds && outputsOf(olds);
  if (text === undefined) return { ...news, ...(previous ?? { stdout: "", stderr: "" }) };
  return { ...news, ...(await runCommand(text, commandInputs(news), previous, (line) => status(urn, line))) };
}

const command: provider.Provider = {
  version: "1.2.1",
  schema: "{}",
  check: async (urn, _olds, news) => ({ inputs: news, failures: refusals(urn, news) }),
  diff: async (_id, _urn, olds, news) => {
    const changed = changedInputs(commandInputs(olds), commandInputs(news));
    return { changes: changed.length > 0, replaces: changed.filter((name) => name === "triggers") };
  },
  create: async (urn, news) => ({
    id: nameOf(urn) + randomBytes(4).toString("hex"),
    outs: await apply(urn, commandInputs(news).create, news),
  }),
  update: async (_id, urn, olds, news) => {
    const { update, create } = commandInputs(news);
    return { outs: await apply(urn, update ?? create, news, olds) };
  },
  delete: async (_id, urn, properties) => {
    const text = commandInputs(properties).delete;
    if (text !== undefined) await apply(urn, text, properties, properties);
  },
  // As with the official provider, a cancelled update kills the shell and not what the shell has started.
  cancel: async () => {
    for (const child of running) child.kill("SIGKILL");
  },
};

leaveWithEngine();
await provider.main(command, args);
