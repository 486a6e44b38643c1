import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

/** The root of this checkout. */
export const checkout = path.resolve(import.meta.dirname, "../..");

const Tools = z.object({
  node: z.string(),
  pulumi: z.string(),
  pulumiHome: z.string(),
  /** Parts of Pulumi that stand-ins of this project play because the official ones could not be had. */
  standIns: z.array(z.string()),
  /** Whether there is any stand-in. */
  offline: z.boolean(),
  /** The folder of PostgreSQL's server and client programs. */
  postgresBin: z.string(),
  versitygw: z.string(),
  zstd: z.string(),
  age: z.string(),
  ageKeygen: z.string(),
  openssl: z.string(),
  /** GNU tar. */
  tar: z.string(),
  /** Only the tests need it. */
  restic: z.string().optional(),
});

/** The programs that set-up found, by absolute path. */
export type Tools = z.infer<typeof Tools>;

let known: Tools | undefined;

/** Reads what `tools/setup.sh` wrote; throws a sentence that names the remedy when it has not run here. */
export function tools(): Tools {
  known ??= parse(path.join(checkout, ".restorable/tools.json"));
  return known;
}

function parse(file: string): Tools {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`${file} is missing: run \`npm run setup\` in ${checkout} first`, { cause });
  }
  const result = Tools.safeParse(JSON.parse(text));
  if (result.success) return result.data;
  throw new Error(`${file} is from another version: run \`npm run setup\` again\n${z.prettifyError(result.error)}`);
}
