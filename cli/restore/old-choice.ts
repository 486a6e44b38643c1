import { JobError, layoutOfOld, type OldObject, parseOldKey } from "../../spec/index.ts";
import type { FoundSource } from "../find/found.ts";
import type { Io } from "../io.ts";
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
  const name = parseOldKey(key);
  if (!name) {
    throw new JobError(
      "bad-config",
      `'${key}' is not a name that AIDE's operators, go-s3-backup, Colonies' backup executor or Chipster's backup give`,
      "give the whole key of an old object as `restorable list` shows it",
    );
  }
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
