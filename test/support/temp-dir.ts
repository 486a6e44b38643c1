import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** A new empty directory; the caller removes it. */
export async function makeTempDir(label = "test"): Promise<string> {
  return await realpath(await mkdtemp(path.join(tmpdir(), `restorable-${label}-`)));
}

export async function removeTempDir(directory: string): Promise<void> {
  // A process that is just ending may still add a file; Node tries again then.
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** A new empty directory for the running test, removed when it ends. Inside `beforeAll` use `makeTempDir`. */
export async function tempDir(label?: string): Promise<string> {
  const directory = await makeTempDir(label);
  onTestFinished(() => removeTempDir(directory));
  return directory;
}
