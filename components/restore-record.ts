import * as pulumi from "@pulumi/pulumi";
import { launch, type Request, type RestoreRecord, restoreRecord } from "../spec/index.ts";
import { restoreSentence } from "./render/restore-sentence.ts";

/**
 * Says once, when the restore is about to run and at preview, what it will do. As a hook, because only then is it known
 * that it will run: every later update has the same request, and runs nothing.
 */
export const announcement = (name: string, request: Request, on: pulumi.Resource): pulumi.ResourceHook =>
  new pulumi.ResourceHook(
    `${name}-announcement`,
    async ({ newInputs }) => {
      await pulumi.log.info(
        sentence(newInputs?.stdin) ?? `request ${request.id} would run; its plan is not known yet`,
        on,
      );
    },
    { onDryRun: true },
  );

const sentence = (stdin: unknown): string | undefined => {
  try {
    const known = launch.parse(JSON.parse(String(stdin)));
    if (known.kind !== "restore") return undefined;
    const { plan, request, from } = known;
    return restoreSentence(request, plan, { environment: from.repository.environment, plan: from.plan });
  } catch {
    return undefined;
  }
};

/** The record on a launcher's stdout; what cannot be read is a record, too, or every later update would fail. */
export const recordIn = (stdout: string): unknown => {
  try {
    return restoreRecord.parse(JSON.parse(stdout));
  } catch {
    return {
      ok: false,
      error: { code: "bug", fact: "the launcher left no record", hint: "look at `restorable status`" },
    };
  }
};

/**
 * Keeps the record of the last run, and fails the one update in which a run failed. Without a request the record stays
 * as it is.
 */
export const keptRecord = (
  name: string,
  record: pulumi.Output<unknown> | undefined,
  parent: pulumi.Resource,
): pulumi.Output<RestoreRecord | null> => {
  const stash = new pulumi.Stash(
    `${name}-record`,
    { input: record ?? null },
    {
      parent,
      ...(record ? { replaceOnChanges: ["input"] } : { ignoreChanges: ["input"] }),
      hooks: { afterCreate: [assertOk] },
    },
  );
  return stash.output;
};

const assertOk = ({ newInputs }: pulumi.ResourceHookArgs): void => {
  const record = newInputs?.input as Partial<RestoreRecord> | null | undefined;
  if (!record || record.ok) return;
  const { fact = "no reason was recorded", hint = "look at `restorable status`" } = record.error ?? {};
  throw new Error(`restore ${record.id ?? ""} failed: ${fact}; ${hint}`);
};
