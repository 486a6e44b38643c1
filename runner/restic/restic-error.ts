import { JobError } from "../../spec/index.ts";

/** restic's own exit codes, public since 0.17. */
const NO_REPOSITORY = 10;
const LOCKED = 11;
const WRONG_PASSWORD = 12;

/** What a failed restic says, as an error with a code; undefined where nothing better is known than its words. */
export const explainRestic = (repository: string, exit: number, stderr: string): JobError | undefined => {
  const said = wordsOf(stderr);
  if (exit === WRONG_PASSWORD) {
    return new JobError(
      "wrong-key",
      `the files password does not open the restic repository ${repository}`,
      "give the password that it was made with (`filesPassword` of the Repository): `age --decrypt` of files-password.age beside it tells it",
    );
  }
  if (exit === LOCKED) {
    return new JobError(
      "busy",
      `another restic holds the lock of ${repository}: ${said}`,
      "a prune or a backup is running there; run again when it has ended. The lock of a killed one is removed after 30 minutes",
    );
  }
  if (exit === NO_REPOSITORY) {
    return new JobError(
      "corrupt",
      `there is no restic repository at ${repository}: ${said}`,
      "the point that names it cannot be restored from this copy: choose another copy",
    );
  }
  if (/access ?denied|permission denied|forbidden|not allowed/i.test(said)) {
    const hint = "give the identity the rights that its role needs below `files/`: see docs/incremental-files.md";
    return new JobError("too-few-rights", `${repository} refused restic: ${said}`, hint);
  }
  if (/no space left|disk quota/i.test(said))
    return new JobError("no-room", `a file system is full: ${said}`, "make room and run again");
  if (/invalid ?access ?key|signature ?does ?not ?match/i.test(said))
    return new JobError("bad-credentials", `${repository} refused the credentials: ${said}`, "correct them");
  if (/connection refused|no such host|i\/o timeout|connection reset|dial tcp/i.test(said))
    return new JobError(
      "store-unreachable",
      `${repository} cannot be reached: ${said}`,
      "look at the store and the way to it",
    );
  return undefined;
};

const DAMAGED =
  /ciphertext verification failed|wrong hash|invalid data|not found in (index|repository)|does not exist|no such file|failed to load|unexpected EOF/i;

/** The same for what reads snapshots: what is missing or changed is damage, and not a matter of the way to it. */
export const explainReading = (repository: string, exit: number, stderr: string): JobError | undefined => {
  const known = explainRestic(repository, exit, stderr);
  const said = wordsOf(stderr);
  if (known || !DAMAGED.test(said)) return known;
  return new JobError(
    "corrupt",
    `the restic repository ${repository} is damaged: ${said}`,
    "choose another point or another copy, and keep this one for inspection; `restorable verify` names what is damaged",
  );
};

/** Errors in restic's JSON as their texts, everything else as it is; the last ones, in one line. */
export const wordsOf = (stderr: string): string =>
  stderr.split("\n").map(wordOf).filter(Boolean).slice(-4).join(" | ") || "it said nothing";

export const wordOf = (line: string): string => {
  if (!line.startsWith("{")) return line.trim();
  const { message, error, item } = parsed(line);
  const text = (message ?? error?.message ?? line).replace(/^Fatal: /, "").trim();
  return (item ? `${item}: ${text}` : text).replaceAll("\n", " ");
};

const parsed = (line: string): { message?: string; error?: { message?: string }; item?: string } => {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
};
