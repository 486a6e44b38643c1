import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, platform, release, totalmem } from "node:os";
import path from "node:path";
import { tools } from "../servers/tools.ts";

const firstLine = (file: string, args: readonly string[] = ["--version"]): string =>
  execFileSync(file, args).toString().trim().split("\n")[0] ?? "";

/** What the figures depend on, one line each. */
export const machine = (): readonly string[] => {
  const { postgresBin, zstd, age, tar, restic } = tools();
  return [
    `${cpus().length} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory, ${platform()} ${release()}`,
    `temporary files on ${fileSystem()}; load average at the start ${loadavg()[0]?.toFixed(1)}`,
    [firstLine(path.join(postgresBin, "postgres")), `node ${process.version}`].join("; "),
    [firstLine(zstd).replaceAll("*", "").trim(), `age ${firstLine(age)}`, firstLine(tar)].join("; "),
    ...(restic === undefined ? [] : [firstLine(restic, ["version"])]),
  ];
};

const fileSystem = (): string => {
  const [, type] = execFileSync("stat", ["--file-system", "--format=%T", "/tmp"]).toString().match(/(\S+)/) ?? [];
  return type ?? (readFileSync("/proc/mounts", "utf8").split("\n")[0]?.split(" ")[2] || "unknown");
};
