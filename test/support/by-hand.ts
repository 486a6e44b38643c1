import { mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { tools } from "./tools.ts";

/** What `age` and `zstd` make of an artifact on this machine, with the operator's key and the point's own, in its envelope. */
export const openedByHand = async (
  directory: string,
  operatorKey: string,
  { envelope, artifact }: { readonly envelope: Buffer; readonly artifact: Buffer },
): Promise<Buffer> => {
  const own = await mkdtemp(path.join(directory, "keys-"));
  const [operator, point] = [path.join(own, "operator.txt"), path.join(own, "point.txt")];
  await writeFile(operator, `${operatorKey}\n`, { mode: 0o600 });
  await writeFile(point, await opened(operator, envelope), { mode: 0o600 });
  const input = await opened(point, artifact);
  const { stdout } = await execa(tools().zstd, ["--decompress", "--stdout"], { input, encoding: "buffer" });
  return Buffer.from(stdout);
};

const opened = async (key: string, sealed: Buffer): Promise<Buffer> => {
  const options = { input: sealed, encoding: "buffer" } as const;
  return Buffer.from((await execa(tools().age, ["--decrypt", "--identity", key], options)).stdout);
};
