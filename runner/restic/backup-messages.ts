import { z } from "zod";
import { JobError } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { wordOf } from "./restic-error.ts";

const status = z.object({
  message_type: z.literal("status"),
  bytes_done: z.number().default(0),
  total_bytes: z.number().default(0),
});
const summary = z.object({
  message_type: z.literal("summary"),
  snapshot_id: z.string(),
  data_added_packed: z.number(),
});

const GONE = /no such file or directory/i;
/** Messages that are kept by name; more are only counted. */
const KEPT = 100;

/** What restic says during a backup. */
export interface BackupMessages {
  /** A line of stdout. */
  readonly add: (line: string) => void;
  /** A line of stderr. */
  readonly addError: (line: string) => void;
  /** What vanished while it was read: at most 100 lines, and one that counts the others. */
  readonly vanished: () => string[];
  /**
   * The snapshot, and what it added to the restic repository.
   * @throws JobError `too-few-rights` or `process-failed` naming the first file that could not be read
   */
  readonly result: (incomplete: boolean) => { readonly id: string; readonly addedBytes: number };
}

export const backupMessages = ({ report }: Context, directory: string): BackupMessages => {
  const gone: string[] = [];
  let more = 0;
  let unread: string | undefined;
  let done: z.infer<typeof summary> | undefined;
  return {
    add: (line) => {
      const value: unknown = JSON.parse(line);
      const { data } = status.safeParse(value);
      if (data) report.progress("source", `reading ${directory}`, data.bytes_done, data.total_bytes || undefined);
      else done = summary.safeParse(value).data ?? done;
    },
    addError: (line) => {
      if (!line.includes('"message_type":"error"')) return;
      const text = wordOf(line);
      if (!GONE.test(text)) unread ??= text;
      else if (gone.length < KEPT) gone.push(text);
      else more += 1;
    },
    vanished: () => (more === 0 ? [...gone] : [...gone, `… and ${more} more`]),
    result: (incomplete) => {
      // Only what vanished may be missing, and only if restic said so of everything that is.
      if (unread !== undefined || (incomplete && gone.length === 0)) throw unreadable(directory, unread);
      if (!done) throw new Error("restic ended well and named no snapshot");
      return { id: done.snapshot_id, addedBytes: done.data_added_packed };
    },
  };
};

const unreadable = (directory: string, said = "restic does not say which"): JobError => {
  const denied = /permission denied|operation not permitted/i.test(said);
  return new JobError(
    denied ? "too-few-rights" : "process-failed",
    `a file of '${directory}' cannot be read: ${said}`,
    denied
      ? "run as a user who may read the whole directory, or exclude the file; nothing was published"
      : "look at the file and its disk, or exclude it; nothing was published",
  );
};
