import { type Check, type InspectJob, JobError, type OldObject, type ResultOf } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { findOldObjects } from "../old/find-objects.ts";
import { type OldContent, readOldObject } from "../old/read-object.ts";
import type { Store } from "../store/store.ts";
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
    checks.push(await checkOf(context, root, object, secret));
  }
  return {
    kind: "inspect",
    healthy: checks.every(({ ok }) => ok),
    checks,
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
  };
};

/** A key that does not fit, or a store that does not answer, says nothing of the object, and ends the job. */
const checkOf = async (
  context: Context,
  root: Store,
  object: OldObject,
  identity: string | undefined,
): Promise<Check> => {
  try {
    return { name: object.key, ok: true, detail: said(await readOldObject(context, root, object, identity)) };
  } catch (error) {
    if (!(error instanceof JobError && error.code === "corrupt")) throw error;
    return { name: object.key, ok: false, detail: error.fact };
  }
};

const said = ({ entry, roles }: OldContent): string => {
  switch (entry.kind) {
    case "postgres": {
      const names = roles.size === 0 ? "" : `; it names the roles ${[...roles].sort().join(", ")}`;
      return `a dump of PostgreSQL ${entry.server.version}, ${entry.databaseBytes} bytes as SQL${names}`;
    }
    case "files":
      return `regular files: ${entry.counts.files}, with ${entry.counts.bytes} bytes`;
    case "objects":
      return `objects: ${entry.counts.objects}`;
  }
};
