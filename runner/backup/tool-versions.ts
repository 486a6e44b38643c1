import { arch, platform } from "node:process";
import { execa } from "execa";
import packageJson from "../../package.json" with { type: "json" };
import type { Context } from "../context.ts";

const TOOLS = ["zstd", "age", "tar"] as const;

/** Versions of the programs that made a point, as they state them: a person restoring by hand may need the same. */
export const toolVersions = async (context: Context): Promise<Record<string, string>> => {
  const versions = await Promise.all(TOOLS.map(async (tool) => [tool, await firstLine(context, tool)] as const));
  return {
    restorable: packageJson.version,
    node: process.version,
    platform: `${platform} ${arch}`,
    ...Object.fromEntries(versions),
  };
};

const firstLine = async (context: Context, tool: string): Promise<string> => {
  const { stdout } = await execa(tool, ["--version"], { env: context.env, extendEnv: false, reject: false });
  return stdout?.split("\n")[0] ?? "unknown";
};
