import path from "node:path";
import { checkout, tools } from "./tools.ts";

/** Compiled code of this checkout: programs, launchers and runners start in half the time. */
export const compileCache = path.join(checkout, ".restorable", "compile-cache");

/**
 * The environment in which `tools().pulumi` runs: a file backend in `backend` (an existing directory), this checkout's
 * plugins, nothing fetched or asked, and the Node of this checkout for programs and commands.
 */
export function pulumiEnvironment(backend: string, passphrase: string): Record<string, string> {
  const { node, pulumiHome } = tools();
  return {
    ...(process.env as Record<string, string>),
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}`,
    PULUMI_HOME: pulumiHome,
    NODE_COMPILE_CACHE: compileCache,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "1",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1",
    PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "1",
  };
}
