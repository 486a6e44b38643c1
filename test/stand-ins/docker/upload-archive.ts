/** One of a container's `uploads`. */
export interface Upload {
  readonly file: string;
  readonly content?: string;
  readonly contentBase64?: string;
  readonly owner?: string;
  readonly group?: string;
  readonly permissions?: string;
}

const BLOCK = 512;

/** A tar archive of one file, as the engine takes it. */
export function uploadArchive({ file, content, contentBase64, owner, group, permissions }: Upload): Buffer {
  const body = content === undefined ? Buffer.from(contentBase64 ?? "", "base64") : Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  header.write(file.replace(/^\//, ""), 0, 100);
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, length);
  octal(Number.parseInt(permissions ?? "0644", 8), 100, 8);
  octal(Number(owner ?? 0), 108, 8);
  octal(Number(group ?? 0), 116, 8);
  octal(body.length, 124, 12);
  octal(Math.floor(Date.now() / 1000), 136, 12);
  header.write("        0", 148);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8);
  const padding = Buffer.alloc(((BLOCK - (body.length % BLOCK)) % BLOCK) + 2 * BLOCK);
  return Buffer.concat([header, body, padding]);
}
