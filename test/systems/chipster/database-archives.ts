import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { makeTempDir, removeTempDir } from "../../support/temp-dir.ts";
import { type GpgHome, sha512 } from "./file-archives.ts";

const run = promisify(execFile);

/** One archive of a database, before it is uploaded. */
export interface DatabaseArchive {
  /** Uploaded first. */
  readonly tarKey: string;
  readonly tar: Buffer;
  /** The encrypted dump in that tar. */
  readonly gpgPath: string;
  /** What is uploaded last, and its text. */
  readonly infoKey: string;
  readonly info: string;
}

/**
 * What Chipster's backup makes of a plain dump of the sessions, for the GPG key `chipster-backup`: sha512, lz4, gpg,
 * sha512, tar, and the note of it.
 * @param damage as if the dump had been damaged after its digest was taken
 */
export const archiveDatabase = async (
  gpg: GpgHome,
  dump: Buffer,
  instant: string,
  damage: (dump: Buffer) => Buffer = (whole) => whole,
): Promise<DatabaseArchive> => {
  const name = `session-db-db-backup_${instant}`;
  const folder = await makeTempDir("archive");
  try {
    const at = (file: string) => path.join(folder, file);
    await writeFile(at(`${name}.sql`), damage(Buffer.from(dump)));
    await run("lz4", ["-q", at(`${name}.sql`), at("packed")]);
    const gpgPath = `${name}.sql.lz4.gpg`;
    const encrypt = ["--compress-algo", "none", "--recipient", "chipster-backup", "--always-trust"];
    await gpg.run([...encrypt, "--output", at(gpgPath), "--encrypt", at("packed")]);
    const closed = await readFile(at(gpgPath));
    await run("tar", ["-cf", at("all.tar"), "-C", folder, gpgPath]);
    const line = [`${name}.sql`, dump.length, sha512(dump), gpgPath, closed.length, sha512(closed), name].join("\t");
    return {
      tarKey: `${name}/db-backups/${name}/${name}.tar`,
      tar: await readFile(at("all.tar")),
      gpgPath,
      infoKey: `${name}/backup-info`,
      info: `${line}\n`,
    };
  } finally {
    await removeTempDir(folder);
  }
};
