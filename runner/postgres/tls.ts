import { readFile } from "node:fs/promises";
import { type ConnectionOptions, checkServerIdentity } from "node:tls";
import { JobError, type PostgresSource, type Tls } from "../../spec/index.ts";

/** What `pg` takes as `ssl`: false for a plain connection. */
export type TlsAttempt = false | ConnectionOptions;

/**
 * The connections to try, in order, as libpq's sslmode means them. Only `prefer` has two.
 * @throws JobError `bad-config` where the CA file cannot be read
 */
export const tlsAttempts = async ({ host, tls }: PostgresSource): Promise<readonly TlsAttempt[]> => {
  if (host.startsWith("/")) return [false]; // a Unix socket has no TLS
  const unchecked: TlsAttempt = { rejectUnauthorized: false };
  switch (tls.mode) {
    case "disable":
      return [false];
    case "prefer":
      return [unchecked, false];
    case "require":
      return [unchecked];
    case "verify-ca":
      return [{ ca: await readCa(tls.ca), rejectUnauthorized: true, checkServerIdentity: () => undefined }];
    case "verify-full":
      return [
        {
          ca: await readCa(tls.ca),
          rejectUnauthorized: true,
          // `pg` hands TLS a socket without the host, so an address would be checked as 'localhost'.
          checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
        },
      ];
  }
};

/** The same for libpq's programs. */
export const tlsEnv = (tls: Tls): Record<string, string> => ({
  PGSSLMODE: tls.mode,
  ...("ca" in tls ? { PGSSLROOTCERT: tls.ca } : {}),
});

const readCa = async (file: string): Promise<string> => {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new JobError(
      "bad-config",
      `the CA file '${file}' cannot be read: ${(cause as Error).message}`,
      "give the path of a PEM file that the runner may read as tls.ca",
      { cause },
    );
  }
};
