import { z } from "zod";
import type { CompatibleLayout } from "./compatible-layout.ts";
import { bytes } from "./scalars.ts";

/** What an older tool stored, by its name alone: no manifest says anything about it. */
export const oldObject = z.strictObject({
  /** Relative to the repository's root. */
  key: z.string(),
  kind: z.enum(["postgres", "files"]),
  format: z.enum(["pg-custom", "sql", "tar"]),
  /** The time in the name, by the clock of whoever wrote it: such names have no zone. `2022-08-03T08:48:27` */
  time: z.string(),
  /** Only in AIDE's names. */
  host: z.string().optional(),
  /** The safety copy that was taken before a restore by hand (`-org`). */
  safety: z.boolean(),
  /**
   * Only of Chipster's archives, whose key is that of what the tool wrote last. `gpg`: opened by a GPG key only;
   * `by-file`: an archive of files, which says of each whether it is.
   */
  encryption: z.enum(["gpg", "by-file"]).optional(),
  bytes,
  /** Keys of what the same run stored: the images of a dump, the dump of images. */
  pairs: z.array(z.string()),
});
export type OldObject = z.infer<typeof oldObject>;

/** Of a name, without what only a store can say. */
export type OldName = Omit<OldObject, "bytes" | "pairs">;

const AIDE = /^(.+)-(ailabeltooldb|aide_images)-(\d{8}T\d{6})(-org)?\.(dump|tar)$/;
const COLONIES = /^backup_(\d{9,11})\.bak$/;
/** The id of a file-storage is the name of its host, which has no underscore. */
const CHIPSTER = /(?:^|\/)([A-Za-z0-9.-]+)_([0-9-]{10}T[0-9:]{8})(?:\.\d+)?Z\/(?:backup|archive)-info$/;
const GO_S3_BACKUP = /^postgres-backup-(\d{14})\.sql$/;

/** Reads the name of a key as one of the older tools writes it; undefined for every other one. */
export const parseOldKey = (key: string): OldName | undefined => {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const [, host, what, time, org, ending] = AIDE.exec(name) ?? [];
  if (host !== undefined && time !== undefined) {
    const isDump = what === "ailabeltooldb";
    if (isDump !== (ending === "dump")) return undefined;
    const kind = isDump
      ? ({ kind: "postgres", format: "pg-custom" } as const)
      : ({ kind: "files", format: "tar" } as const);
    return { key, ...kind, time: readable(time.replace("T", "")), host, safety: org !== undefined };
  }
  const [, storage, instant] = CHIPSTER.exec(key) ?? [];
  if (storage !== undefined && instant !== undefined)
    return storage.endsWith("-db-backup")
      ? { key, kind: "postgres", format: "sql", time: instant, safety: false, encryption: "gpg" }
      : { key, kind: "files", format: "tar", time: instant, safety: false, encryption: "by-file" };
  const [, seconds] = COLONIES.exec(name) ?? [];
  if (seconds !== undefined) {
    const utc = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
    return { key, kind: "postgres", format: "pg-custom", time: utc, safety: false };
  }
  const [, digits] = GO_S3_BACKUP.exec(name) ?? [];
  return digits === undefined
    ? undefined
    : { key, kind: "postgres", format: "sql", time: readable(digits), safety: false };
};

const readable = (digits: string): string =>
  digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6");

/** The layout whose tool gave this name. */
export const layoutOfOld = ({ key, host, format, encryption }: OldName): CompatibleLayout => {
  if (encryption)
    return {
      kind: "chipster",
      prefix: key
        .split("/")
        .slice(0, -2)
        .map((part) => `${part}/`)
        .join(""),
    };
  const prefix = key.slice(0, key.lastIndexOf("/") + 1);
  if (host !== undefined) return { kind: "aide" };
  return { kind: format === "sql" ? "go-s3-backup" : "colonies", prefix };
};

/** The key of what the same run of the same host stored beside; undefined where a run stores one thing only. */
export const pairKey = ({ key, host, kind }: Pick<OldName, "key" | "host" | "kind">): string | undefined => {
  if (host === undefined) return undefined;
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const rest = key.slice(folder.length + host.length);
  return kind === "postgres"
    ? `${folder}${host}${rest.replace("-ailabeltooldb-", "-aide_images-").replace(/\.dump$/, ".tar")}`
    : `${folder}${host}${rest.replace("-aide_images-", "-ailabeltooldb-").replace(/\.tar$/, ".dump")}`;
};
