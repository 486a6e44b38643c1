import { createHash } from "node:crypto";
import type { z } from "zod";
import type { Store } from "../store/store.ts";

/** An object that should be there and be of one kind, and is not. A class, because marks have a reason as well. */
export class Unreadable {
  readonly key: string;
  readonly reason: string;

  constructor(key: string, reason: string) {
    this.key = key;
    this.reason = reason;
  }
}

/** What was read: as it was written, which is what a signature is about, and parsed. */
export interface Read<T> {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly value: T;
  /** Of the object as it is stored. */
  readonly sha256: string;
}

/** Reads one JSON object; undefined when it has gone, `Unreadable` when it is not what it should be. */
export const readJson = async <S extends z.ZodType>(
  store: Store,
  { key, versionId }: { readonly key: string; readonly versionId?: string },
  schema: S,
): Promise<Read<z.output<S>> | Unreadable | undefined> => {
  const got = await store.get(key, versionId);
  if (!got) return undefined;
  let raw: unknown;
  try {
    raw = JSON.parse(got.body.toString());
  } catch {
    return new Unreadable(key, "it is not JSON");
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success)
    return {
      raw: raw as Record<string, unknown>,
      value: parsed.data,
      sha256: createHash("sha256").update(got.body).digest("hex"),
    };
  const [issue] = parsed.error.issues;
  return new Unreadable(key, `${issue?.path.join(".") || "it"}: ${issue?.message}`);
};
