import { identityToRecipient } from "age-encryption";
import { JobError, type Manifest } from "../../spec/index.ts";

/** A key that does not open this point is found before the request is claimed, not after the first gigabyte. */
export const checkKey = async (identity: string, { id, identity: { recipient } }: Manifest): Promise<void> => {
  if ((await recipientOf(identity)) === recipient) return;
  throw new JobError(
    "wrong-key",
    `the key that was given is not the one of point ${id}`,
    "give the private key of one of the plan's recipients; the launcher opens the point's own key with it. Nothing was touched",
  );
};

const recipientOf = (identity: string): Promise<string | undefined> =>
  identityToRecipient(identity).catch(() => undefined);
