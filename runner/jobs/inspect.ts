import { type Check, type InspectJob, JobError, type ResultOf } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { findOldObjects } from "../old/find-objects.ts";
import { type OldContent, readOldObject } from "../old/read-object.ts";
import { asCheck } from "../verify/as-check.ts";
import { openRootStore } from "./plan-store.ts";

type Body = Pick<ResultOf<"inspect">, "kind" | "healthy" | "checks" | "bytes">;

/** Reads an old object, and what the same run stored beside it, as a restore would before it replaces anything. */
export const inspect = async (context: Context, { repository, key, identity }: InspectJob): Promise<Body> => {
  const root = openRootStore(context, repository, "reader");
  const objects = await findOldObjects(root, key);
  const secret = identity && context.secret(identity).trim();
  const checks: Check[] = [];
  for (const object of objects) {
    context.report.step("inspect", `reading ${object.key} to its end`);
    const read = async () => said(await readOldObject(context, root, object, secret));
    checks.push(await asCheck(object.key, read, isDamage));
  }
  return {
    kind: "inspect",
    healthy: checks.every(({ ok }) => ok),
    checks,
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
  };
};

/** A key that does not fit says nothing of the object: nothing but its name says whose key it needs. */
const isDamage = (error: unknown): error is JobError => error instanceof JobError && error.code === "corrupt";

const said = ({ entry, roles }: OldContent): string => {
  if (entry.kind === "files") return `regular files: ${entry.counts.files}, with ${entry.counts.bytes} bytes`;
  const names = roles.size === 0 ? "" : `; it names the roles ${[...roles].sort().join(", ")}`;
  return `a dump of PostgreSQL ${entry.server.version}, ${entry.databaseBytes} bytes as SQL${names}`;
};
