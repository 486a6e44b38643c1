import { execa } from "execa";

const program = process.env.RESTORABLE_KUBECTL ?? "kubectl";

/** An address of this machine that pods reach. */
export const HOST_ADDRESS = process.env.RESTORABLE_HOST_ADDRESS ?? "127.0.0.1";

/** Runs kubectl against the cluster of this tier and returns what it prints. Throws with its own words. */
export async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(program, args);
  return stdout;
}

/** The same with something on its standard input. */
export async function feedKubectl(input: Uint8Array, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(program, args, { input });
  return stdout;
}

/** What kubectl says where it is refused. */
export async function refusedKubectl(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await execa(program, args, { reject: false });
  if (exitCode === 0) throw new Error(`it was not refused: kubectl ${args.join(" ")}\n${stdout}`);
  return `${stdout}${stderr}`;
}

/** Applies documents on the server's side, and throws also for a mere warning: what we declare has to be flawless. */
export async function apply(...documents: readonly object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: documents });
  const { stderr } = await execa(program, ["apply", "--server-side", "--filename", "-"], { input });
  if (stderr !== "") throw new Error(stderr);
}
