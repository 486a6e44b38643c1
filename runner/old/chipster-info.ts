import { JobError } from "../../spec/index.ts";

/** One file of an archive, as a line of its `backup-info` or `archive-info` describes it. */
export interface InfoLine {
  readonly path: string;
  readonly size: number;
  readonly sha512: string;
  /** The compressed, and nearly always encrypted, file: in a tar of its archive, or beside its info. */
  readonly gpgPath: string;
  readonly gpgSize: number;
  readonly gpgSha512: string;
  /** The archive that holds it: an incremental one refers to others. */
  readonly backupName: string;
}

/**
 * Reads what Chipster writes last, when everything else of an archive is stored.
 * @throws JobError `corrupt` for a line that is none of its, or whose paths would lead out of a directory
 */
export const parseInfo = (text: string, key: string): readonly InfoLine[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [path, size, sha512 = "", gpgPath, gpgSize, gpgSha512 = "", backupName, ...more] = line.split("\t");
      const digests = [sha512, gpgSha512].every((digest) => /^[0-9a-f]{128}$/.test(digest));
      const sizes = [size, gpgSize].every((bytes) => /^\d{1,15}$/.test(bytes ?? ""));
      if (!path || !gpgPath || !backupName || more.length > 0 || !digests || !sizes)
        throw new JobError("corrupt", `${key} holds a line that is none of Chipster's`, "choose another archive");
      for (const each of [path, gpgPath, backupName]) refuseLeading(each, key);
      return { path, size: Number(size), sha512, gpgPath, gpgSize: Number(gpgSize), gpgSha512, backupName };
    });

/** Whoever can write into the repository can write a line; none may reach beside the directory of a restore. */
const refuseLeading = (path: string, key: string): void => {
  const leads = path.split("/").some((part) => part === "" || part === "." || part === "..");
  if (!leads && !path.includes("\0")) return;
  throw new JobError(
    "corrupt",
    `${key} names '${path}', which would lead out of the directory that it is restored into`,
    "Chipster writes no such line, so do not trust this archive; nothing was changed",
  );
};

/**
 * The lines of an archive of files.
 * @throws JobError `corrupt` for one that names a file twice, a file that another one needs as its directory, or none
 */
export const parseFilesInfo = (text: string, key: string): readonly InfoLine[] => {
  const lines = parseInfo(text, key);
  const paths = new Set(lines.map(({ path }) => path));
  const stored = new Set(lines.map(({ gpgPath }) => gpgPath));
  const above = directoriesOf(lines);
  const isOne = paths.size === lines.length && stored.size === lines.length;
  const inside = lines.find(({ path }) => above.has(path));
  if (lines.length > 0 && isOne && !inside) return lines;
  const what = inside
    ? `'${inside.path}' as a file and as a directory`
    : lines.length === 0
      ? "no file"
      : "a file twice";
  throw new JobError("corrupt", `${key} names ${what}`, "choose another archive; nothing was changed");
};

/** Every directory that the files lie in, without the one that is restored itself. */
export const directoriesOf = (lines: readonly Pick<InfoLine, "path">[]): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const { path } of lines)
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const directory = path.slice(0, at);
      if (found.has(directory)) break;
      found.add(directory);
    }
  return found;
};
