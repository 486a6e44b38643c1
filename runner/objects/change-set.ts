import { createHash } from "node:crypto";
import { z } from "zod";
import { ledgerDirectory, type Plan } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { openStore } from "../store/open-store.ts";
import { line, parseLines } from "./ndjson.ts";

/** What is done to one key of a bucket: another object, or a version of this one, takes its place, or it is removed. */
const change = z.strictObject({
  /** Relative to the source's prefix. */
  key: z.string().min(1),
  /** The whole key in the same bucket. Absent: the object is removed. */
  from: z.strictObject({ key: z.string().min(1), versionId: z.string().optional() }).optional(),
});
export type Change = z.infer<typeof change>;

/**
 * Changes in the target's ledger, by the name of the prefix they come from. A swap reads the set that the restore has
 * written, and writes the one that undoes it, whole, before it changes anything: so whoever comes next knows where it
 * stands by which sets there are.
 */
export interface ChangeSets {
  readonly read: (name: string) => Promise<readonly Change[] | undefined>;
  readonly write: (name: string, changes: readonly Change[]) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
}

export const changeSets = (context: Context, { target, repository, name: plan }: Plan): ChangeSets => {
  const location = { kind: "directory", path: ledgerDirectory(target) } as const;
  const store = openStore(context, location, "writer", `${repository.environment}/${plan}/`);
  return {
    read: async (name) => {
      const got = await store.get(keyOf(name));
      if (!got) return undefined;
      const changes: Change[] = [];
      for await (const each of parseLines([got.body], change, `${store.name}/${keyOf(name)}`)) changes.push(each);
      return changes;
    },
    write: async (name, changes) => {
      await store.put(keyOf(name), changes.map(line).join(""));
    },
    remove: (name) => store.remove(keyOf(name)),
  };
};

const keyOf = (name: string): string =>
  `changes/${createHash("sha256").update(name).digest("hex").slice(0, 32)}.ndjson`;
