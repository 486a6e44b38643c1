import { type Artifact, type FilesEntry, JobError, type ResticSnapshot } from "../../spec/index.ts";
import { loadArtifact, type OpenedSource } from "../artifact/load-artifact.ts";
import type { Context } from "../context.ts";
import { openRestic, type ResticRepository } from "./restic-repository.ts";
import { textOf } from "./text-of.ts";

/** A snapshot with its repository opened by the password that lies with its point. */
export interface OpenSnapshot {
  readonly repository: ResticRepository;
  readonly snapshot: ResticSnapshot;
}

/** A files entry whose files are in a snapshot. */
export type SnapshotEntry = FilesEntry & { readonly snapshot: ResticSnapshot };

export const isSnapshotEntry = (entry: FilesEntry): entry is SnapshotEntry => entry.snapshot !== undefined;

/**
 * Opens a point's snapshot with nothing but the point's own key.
 * @throws JobError `corrupt`, `wrong-key`
 */
export const openSnapshot = async (
  context: Context,
  source: OpenedSource,
  entry: SnapshotEntry,
): Promise<OpenSnapshot> => {
  let password = "";
  await loadArtifact(context, source, passwordOf(entry), [], {
    output: async (stdout) => {
      password = (await textOf(stdout)).trim();
    },
  });
  return { repository: await openRestic(source.store, password), snapshot: entry.snapshot };
};

const passwordOf = ({ artifacts, name }: FilesEntry): Artifact => {
  const found = artifacts.find(({ role }) => role === "password");
  if (found) return found;
  throw new JobError("corrupt", `the point holds no password for the files of '${name}'`, "choose another point");
};
