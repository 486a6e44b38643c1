import { JobError } from "../../spec/index.ts";
import type { Store } from "../store/store.ts";
import type { InfoLine } from "./chipster-info.ts";

/** Where files of an archive lie. */
export interface Places {
  /** Unpacked, as an archive server keeps them: a file under a key of its own. */
  readonly unpacked: ReadonlyMap<string, InfoLine>;
  /** Somewhere in the tars of an archive, as `file-storage` uploads them. */
  readonly packed: readonly { readonly tars: readonly string[]; readonly lines: readonly InfoLine[] }[];
  /**
   * Where those are that the tars turned out not to hold: an archive server moves what did not change into the next
   * archive's folder.
   * @throws JobError `corrupt` naming the archives that are missing, and their files
   */
  readonly elsewhere: (lines: readonly InfoLine[]) => ReadonlyMap<string, InfoLine>;
}

const NAME = /^(.+_)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const INFO = /^(?:backup|archive)-info$/;

/**
 * Looks for every file that an archive of `file-storage` names, in its own folder and in those of the archives that it
 * refers to. Reads none.
 * @param key of the archive's info
 * @throws JobError `corrupt` naming the archives that are missing, and the files that they take along
 */
export const findPlaces = async (root: Store, key: string, lines: readonly InfoLine[]): Promise<Places> => {
  const [name = "", base] = [key.split("/").at(-2), key.split("/").slice(0, -2)];
  const above = base.map((part) => `${part}/`).join("");
  const storage = NAME.exec(name)?.[1] ?? "";
  refuseForeign(key, storage, lines);
  const archives = await listArchives(root, above, storage);
  const unpacked = new Map<string, InfoLine>();
  const packed = new Map<string, InfoLine[]>();
  const lost: InfoLine[] = [];
  for (const line of lines) {
    const archive = archives.get(line.backupName);
    if (archive?.files.get(line.gpgPath) === line.gpgSize)
      unpacked.set(`${above}${line.backupName}/${line.gpgPath}`, line);
    else if (archive && archive.tars.length > 0) {
      const others = packed.get(line.backupName);
      if (others) others.push(line);
      else packed.set(line.backupName, [line]);
    } else lost.push(line);
  }
  const newestFirst = [...archives].toSorted(([a], [b]) => (a < b ? 1 : -1));
  const elsewhere = (those: readonly InfoLine[]): ReadonlyMap<string, InfoLine> => {
    const found = new Map<string, InfoLine>();
    const missing: InfoLine[] = [];
    for (const line of those) {
      const holder = newestFirst.find(([, { files }]) => files.get(line.gpgPath) === line.gpgSize);
      if (holder) found.set(`${above}${holder[0]}/${line.gpgPath}`, line);
      else missing.push(line);
    }
    if (missing.length > 0) throw absent(root, key, missing);
    return found;
  };
  for (const [at, line] of elsewhere(lost)) unpacked.set(at, line);
  return {
    unpacked,
    packed: [...packed].map(([backupName, inTars]) => ({
      tars: (archives.get(backupName)?.tars ?? []).map((tar) => `${above}${backupName}/${tar}`),
      lines: inTars,
    })),
    elsewhere,
  };
};

const refuseForeign = (key: string, storage: string, lines: readonly InfoLine[]): void => {
  const foreign = lines.find(({ backupName }) => NAME.exec(backupName)?.[1] !== storage);
  if (!foreign) return;
  const fact = `${key} says that '${foreign.path}' lies in '${foreign.backupName}', which is no archive of this storage`;
  throw new JobError("corrupt", fact, "Chipster writes no such line, so do not trust this archive");
};

/** What an archive's folder holds. */
interface Folder {
  /** Bytes by the path below the folder. */
  readonly files: Map<string, number>;
  readonly tars: string[];
}

const listArchives = async (root: Store, above: string, storage: string): Promise<ReadonlyMap<string, Folder>> => {
  const archives = new Map<string, Folder>();
  for await (const { key, bytes } of root.list(`${above}${storage}`)) {
    const below = key.slice(above.length);
    const [name, path] = [below.slice(0, below.indexOf("/")), below.slice(below.indexOf("/") + 1)];
    if (!NAME.test(name) || INFO.test(path)) continue;
    const folder: Folder = archives.get(name) ?? { files: new Map(), tars: [] };
    archives.set(name, folder);
    folder.files.set(path, bytes);
    if (path.endsWith(".tar")) folder.tars.push(path);
  }
  return archives;
};

/** Files that are named when something is missing; more are counted. */
const NAMED = 10;

const absent = (root: Store, key: string, missing: readonly InfoLine[]): JobError => {
  const archives = [...new Set(missing.map(({ backupName }) => backupName))].toSorted();
  const named = missing.slice(0, NAMED).map(({ path }) => path);
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  return new JobError(
    "corrupt",
    `${key} needs ${missing.length} files of ${archives.join(", ")} that are not in ${root.name}: ${named.join(", ")}${more}`,
    "copy those archives beside it from Chipster's archive server, with every newer one, and ask again; nothing was changed",
  );
};
