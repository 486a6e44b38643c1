import { access, constants, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { JobError } from "../../spec/index.ts";
import { type Context, withSignal } from "../context.ts";
import type { Invocation } from "../process/invocation.ts";
import { runPipeline } from "../process/pipeline.ts";

/** In memory on Linux. */
const MEMORY = "/dev/shm";
const PRIVATE_KEY = /^-----BEGIN PGP PRIVATE KEY BLOCK-----/m;

/** Decompresses what Chipster's backup has compressed before it was encrypted. */
export const LZ4: Invocation = { file: "lz4", args: ["--decompress", "--stdout", "--quiet"] };

/** Takes out what lies alone in a tar. */
export const UNTAR: Invocation = { file: "tar", args: ["--extract", "--to-stdout", "--file=-"] };

/**
 * Opens what GPG has encrypted: by a private key, which lies in a keyring of its own as long as the work takes, or by a
 * passphrase where the given text is no key.
 * @throws JobError `wrong-key`; `missing-tool`
 */
export const withGpg = async <T>(
  context: Context,
  key: string | undefined,
  work: (decrypt: Invocation) => Promise<T>,
): Promise<T> => {
  if (key === undefined) throw wrongKey("no GPG private key was given");
  const home = await mkdtemp(path.join(await inMemory(), "restorable-gpg-"));
  try {
    if (PRIVATE_KEY.test(key)) await importKey(context, home, key);
    const passphrase = PRIVATE_KEY.test(key) ? {} : { inputs: [`${key.trim()}\n`] };
    const loopback = ["--pinentry-mode", "loopback"];
    return await work({
      ...gpg(home, [...loopback, ...("inputs" in passphrase ? ["--passphrase-fd", "3"] : []), "--decrypt"]),
      ...passphrase,
    });
  } finally {
    await endAgent(context, home);
    await rm(home, { recursive: true, force: true });
  }
};

const gpg = (home: string, args: readonly string[]): Invocation => ({
  file: "gpg",
  args: ["--homedir", home, "--batch", "--quiet", "--no-tty", ...args],
  explain: (_exit, stderr) =>
    /no secret key|bad passphrase|bad session key|no valid openpgp data/i.test(stderr)
      ? wrongKey(`GPG says: ${stderr.trim().split("\n").at(-1)}`)
      : undefined,
});

const importKey = async (context: Context, home: string, key: string): Promise<void> => {
  await runPipeline(context, [gpg(home, ["--import"])], { input: Readable.from([Buffer.from(`${key.trim()}\n`)]) });
};

/** It would go on living, with the key in it. Also where the job was told to stop. */
const endAgent = async (context: Context, home: string): Promise<void> => {
  const patient = withSignal(context, AbortSignal.timeout(10_000));
  await runPipeline(patient, [{ file: "gpgconf", args: ["--homedir", home, "--kill", "all"] }]).catch(() => undefined);
};

const inMemory = async (): Promise<string> => {
  try {
    await access(MEMORY, constants.W_OK);
    return MEMORY;
  } catch {
    return tmpdir();
  }
};

const wrongKey = (fact: string): JobError =>
  new JobError(
    "wrong-key",
    fact,
    "give the private key that the archive was encrypted to (`gpg --export-secret-keys --armor`), or its passphrase, with --identity FILE",
  );
