import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { tools } from "./tools.ts";

const run = promisify(execFile);

export interface ServerCertificate {
  /** What a client trusts. */
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Makes an authority and a certificate of it for `localhost` and 127.0.0.1 in `directory`, good for a day. */
export async function makeServerCertificate(directory: string): Promise<ServerCertificate> {
  const file = (name: string) => path.join(directory, name);
  const openssl = (...args: string[]) => run(tools().openssl, args, { cwd: directory });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    ...["req", "-x509", ...newKey, "-days", "1", "-subj", "/CN=restorable test authority"],
    ...["-keyout", "ca.key", "-out", "ca.crt"],
  );
  await openssl("req", "-new", ...newKey, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr");
  await writeFile(file("server.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  await openssl(
    ...["x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", "1", "-days", "1"],
    ...["-extfile", "server.ext", "-out", "server.crt"],
  );
  return { caFile: file("ca.crt"), certificateFile: file("server.crt"), keyFile: file("server.key") };
}
