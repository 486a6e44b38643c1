import type { ProgramEnd, RunProgram } from "../../run-program.ts";
import { shellWord, sshArguments } from "../ssh.ts";

/** Runs programs of the Docker host: by ssh where it is reached by ssh, else here. */
export const hostProgram =
  (host: string, run: RunProgram): RunProgram =>
  async (argv, seconds): Promise<ProgramEnd> => {
    if (!host.startsWith("ssh://")) return run(argv, seconds);
    const end = await run(["ssh", ...sshArguments(host), argv.map(shellWord).join(" ")], seconds);
    return { ok: end.ok, text: `on ${host}: ${end.text.replace(/^ssh .* -- \S+ /, "")}` };
  };
