import { JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { runPipeline } from "../process/pipeline.ts";
import { textOf } from "./text-of.ts";

/** From 0.17 on its exit codes say what went wrong, and its listings name what we count. */
const LEAST = [0, 17] as const;

/**
 * The version of restic on this machine.
 * @throws JobError `missing-tool`, `wrong-version`
 */
export const resticVersion = async (context: Context): Promise<string> => {
  let said = "";
  await runPipeline(context, [{ file: "restic", args: ["version"] }], {
    output: async (stdout) => {
      said = await textOf(stdout);
    },
  });
  const [, version = "", major = "0", minor = "0"] = /^restic ((\d+)\.(\d+)\S*)/.exec(said) ?? [];
  if (Number(major) > LEAST[0] || Number(minor) >= LEAST[1]) return version;
  throw new JobError(
    "wrong-version",
    `restic on this machine is ${version || "of an unknown version"}, and ${LEAST.join(".")} is the least that works`,
    "install a newer one; the runner's image has it",
  );
};
