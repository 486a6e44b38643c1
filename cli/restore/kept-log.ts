import { restoreRecord } from "../../spec/index.ts";
import type { FindOptions } from "../find/find-options.ts";
import type { Io } from "../io.ts";

/**
 * What the launcher of a stack's last restore has said, from the stack's state: there it stays when the jobs and their
 * logs are gone. Undefined for any other request.
 */
export const keptLog = async (
  io: Io,
  options: FindOptions,
  request: string,
): Promise<readonly string[] | undefined> => {
  const { resources } = await io.stacks.read(options);
  for (const { urn, outputs } of resources) {
    if (!urn.includes("restorable:index:Restore$command:local:Command")) continue;
    const { stdout, stderr } = outputs;
    if (idIn(String(stdout)) === request && typeof stderr === "string") return stderr.trimEnd().split("\n");
  }
  return undefined;
};

const idIn = (stdout: string): string | undefined => {
  try {
    return restoreRecord.safeParse(JSON.parse(stdout)).data?.id;
  } catch {
    return undefined;
  }
};
