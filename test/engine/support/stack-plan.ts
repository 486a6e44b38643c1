import { execa } from "execa";
import { runLocal } from "../../../launch/index.ts";
import { plan, type ResultOf } from "../../../spec/index.ts";
import type { PulumiStack } from "../../support/pulumi-stack.ts";
import { tools } from "../../support/tools.ts";

const NEVER = new AbortController().signal;

/** The plan of a stack as the state has it, and the values of its secrets. */
const stackPlan = async (stack: PulumiStack) => {
  const { stdout } = await execa(tools().pulumi, ["stack", "export", "--show-secrets", "--stack", stack.name], {
    cwd: stack.projectDirectory,
    env: stack.env,
  });
  const resources: readonly { type: string; outputs: Record<string, unknown> }[] =
    JSON.parse(stdout).deployment.resources;
  const registered = resources.find(({ type }) => type === "restorable:index:BackupPlan");
  if (!registered) throw new Error(`stack ${stack.name} has no plan`);
  const { spec, secrets } = registered.outputs as { spec: unknown; secrets: { plaintext: string } };
  return { plan: plan.parse(spec), secrets: JSON.parse(secrets.plaintext) as Record<string, string> };
};

/** Takes a recovery point of a stack's plan with the real runner. */
export const takeBackup = async (stack: PulumiStack): Promise<ResultOf<"backup">["manifest"]> => {
  const { plan: ofStack, secrets } = await stackPlan(stack);
  const job = { kind: "backup", version: 1, plan: ofStack } as const;
  const result = await runLocal(job, { secrets, signal: NEVER, onProgress: () => undefined });
  if (!result.ok) throw new Error(`the backup failed: ${result.error.fact}`);
  return (result as ResultOf<"backup">).manifest;
};
