import path from "node:path";
import { checkout } from "../../../tools/servers/tools.ts";
import { startWatchdog, type Watchdog } from "../../../tools/tier/watchdog.ts";
import { nodeOfTier } from "./node-of-tier.ts";

/** Lets the node enforce the NetworkPolicies of a namespace, which its own network ignores; `stop` ends that. */
export const enforcePolicies = (namespace: string): Promise<Watchdog> => {
  const { state, programs } = nodeOfTier();
  const script = path.join(checkout, "tools/kubernetes/enforce-policies.sh");
  const what = `the enforcing of NetworkPolicies in '${namespace}'`;
  return startWatchdog(script, [state, path.join(programs, "policies"), namespace], what);
};
