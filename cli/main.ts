#!/usr/bin/env node
import { createInterface } from "node:readline/promises";
import { fateText, interruptedText, interruption, type Placed, remoteJobs, runnerOn } from "../launch/index.ts";
import type { Io } from "./io.ts";
import { run } from "./program.ts";
import { asking, readStack } from "./pulumi/pulumi-program.ts";
import type { Stacks } from "./pulumi/stacks.ts";
import { writeRequest } from "./pulumi/write-request.ts";

const { stdin, stdout, stderr, env } = process;
// A reader that went away, such as `head`, must not end a restore half way.
stdout.on("error", () => undefined);
stderr.on("error", () => undefined);

const interactive = stdin.isTTY === true && stderr.isTTY === true;

let placed: Placed | undefined;
const onPlaced = (now: Placed | undefined) => {
  placed = now;
};

const { signal } = interruption(
  (name) => stderr.write(`\n${interruptedText(name, placed)}\n`),
  (name) => {
    if (placed !== undefined) stderr.write(`\n${name}: left; ${fateText(placed)}\n`);
    process.exit(130);
  },
);

const ask = async (question: string): Promise<string> => {
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
};

const here = process.cwd();
const stacks: Stacks = {
  read: (choice) => asking(choice, () => readStack(choice, here)),
  writeRequest: (choice, request) => asking(choice, () => writeRequest(choice, request, here)),
  // Pulumi's package takes a third of a second to load, and this alone needs it.
  upRestore: async (...args) => (await import("./pulumi/automation.ts")).upRestore(here, ...args),
};

const io: Io = {
  out: (text) => stdout.write(text),
  err: (text) => stderr.write(text),
  terminal: stderr.isTTY === true && env.TERM !== "dumb",
  columns: stderr.columns ?? 80,
  color: stdout.isTTY === true && env.NO_COLOR === undefined && env.TERM !== "dumb",
  width: stdout.isTTY === true ? stdout.columns : undefined,
  ask: interactive ? ask : undefined,
  env,
  cwd: here,
  now: () => new Date(),
  signal,
  runnerOn: (plan) => runnerOn(plan, { environment: env, onPlaced }),
  remote: remoteJobs(env),
  onPlaced,
  stacks,
};

process.exitCode = await run(io, process.argv.slice(2));
