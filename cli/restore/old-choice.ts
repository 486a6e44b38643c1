import { JobError, layoutOfOld, type OldObject } from "../../spec/index.ts";
import type { FoundSource } from "../find/found.ts";
import type { Io } from "../io.ts";
import { readOldKey } from "../old-key.ts";
import { runQuietly } from "../run-job.ts";

/**
 * Looks for what an older tool stored, and for what the same run stored beside it. No layout has to be declared for it.
 * @throws JobError `bad-config` for a key that no such tool writes, `unsigned` without --unverified, `unknown-point` for
 * one that is not there, or that a recovery point names
 */
export const chooseOld = async (
  io: Io,
  from: FoundSource,
  key: string,
  unverified: boolean,
): Promise<readonly OldObject[]> => {
  const name = readOldKey(key);
  if (!unverified) {
    throw new JobError(
      "unsigned",
      `${key} has no manifest and no signature: nothing says that it is what it was when it was stored`,
      "say --unverified to take it all the same; it is read to its end before anything is replaced",
    );
  }
  const layout = layoutOfOld(name);
  const { repository, plan } = from;
  const { old = [] } = await runQuietly(
    io,
    { kind: "catalog", version: 1, repository, plan, layout, unverified },
    from,
  );
  const object = old.find((each) => each.key === key);
  if (object) return [object, ...old.filter((each) => object.pairs.includes(each.key))];
  throw new JobError(
    "unknown-point",
    `there is no old object '${key}' in the repository`,
    "`restorable list` shows the old objects; what a recovery point names is restored by that point's id",
  );
};
