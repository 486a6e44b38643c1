import * as pulumi from "@pulumi/pulumi";
import { aide } from "./aide.ts";
import { chipster } from "./chipster.ts";
import { colonies } from "./colonies.ts";
import { demo } from "./demo.ts";
import { topobank } from "./topobank.ts";

/** One program per system; a stack is `<system>-<environment>`. */
const SYSTEMS: Readonly<Record<string, (environment: string) => Record<string, unknown>>> = {
  aide,
  chipster,
  colonies,
  demo,
  topobank,
};

export default async (): Promise<Record<string, unknown>> => {
  const stack = pulumi.getStack();
  const [system, program] =
    Object.entries(SYSTEMS).find(([name]) => stack.startsWith(`${name}-`) && stack.length > name.length + 1) ?? [];
  if (system !== undefined && program) return program(stack.slice(system.length + 1));
  const known = Object.keys(SYSTEMS).join(", ");
  throw new pulumi.RunError(
    `stack '${stack}' is of no known system: a stack is named <system>-<environment>, and the systems are ${known}`,
  );
};
