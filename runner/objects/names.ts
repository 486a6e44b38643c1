import type { JournalPart } from "../../spec/index.ts";

/** The journal's entry about the objects of one source. */
export type ObjectsPart = Extract<JournalPart, { kind: "objects" }>;

/** Where a restore puts what it is about to bring back: beside the prefix, so that no listing of it shows it. */
export const besidePrefix = (prefix: string, id: string): string => `${prefix}_new_${id}`;

/** Where what a restore asked for at this time replaces is kept. */
export const supersededPrefix = (prefix: string, at: Date): string =>
  `${prefix}_org_${at.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;

/** At the top of a whole bucket, where those lie among the data. */
export const isOwnKey = (key: string): boolean => /^_(new_[A-Za-z0-9][A-Za-z0-9._-]*|org_\d{8}T\d{6}Z)\//.test(key);

/** A prefix in a journal: `s3://bucket/prefix`. */
export const parseName = (name: string): { readonly bucket: string; readonly prefix: string } => {
  const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(name) ?? [];
  return { bucket, prefix };
};

/** The name under which a rollback keeps in its turn what it replaces. */
export const supersededName = (live: string, at: Date): string => {
  const { bucket, prefix } = parseName(live);
  return `s3://${bucket}/${supersededPrefix(prefix, at)}`;
};
