import { armor, Decrypter, identityToRecipient } from "age-encryption";
import { JobError } from "../spec/index.ts";

/**
 * Opens a point's own age identity with the operator's key. Only what comes out is handed to the runner; the
 * operator's key stays here.
 *
 * @param envelope the stored `identity.age`
 * @param operatorKey one or more lines `AGE-SECRET-KEY-1…`, as `age-keygen` writes them; other lines are comments
 * @param recipients to whom the manifest says that the point is encrypted
 * @throws JobError `wrong-key` when no key is one of the recipients', `corrupt` when the envelope is damaged
 */
export const unwrapIdentity = async (
  envelope: Uint8Array,
  operatorKey: string,
  recipients: readonly string[],
): Promise<string> => {
  const keys = operatorKey
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => /^AGE-SECRET-KEY-/.test(line));
  const own = await Promise.all(keys.map(recipientOf));
  if (own.length === 0) {
    throw new JobError(
      "wrong-key",
      "the given identity holds no age private key",
      "give a line that begins with AGE-SECRET-KEY-1",
    );
  }
  if (!own.some((recipient) => recipients.includes(recipient))) {
    throw new JobError(
      "wrong-key",
      `the given key is that of ${own.join(", ")}, but the point is encrypted to ${recipients.join(", ")}`,
      "give the private key of one of these recipients",
    );
  }
  return decrypt(envelope, keys);
};

const recipientOf = async (key: string): Promise<string> => {
  try {
    return await identityToRecipient(key);
  } catch (cause) {
    throw new JobError(
      "wrong-key",
      "the given identity is not a whole age private key",
      "copy it again, from AGE-SECRET-KEY-1 to its end",
      { cause },
    );
  }
};

const decrypt = async (envelope: Uint8Array, keys: readonly string[]): Promise<string> => {
  const decrypter = new Decrypter();
  for (const key of keys) decrypter.addIdentity(key);
  try {
    return await decrypter.decrypt(dearmoured(envelope), "text");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new JobError(
      "corrupt",
      `the point's own key cannot be opened, although the manifest names this recipient: ${reason}`,
      "its identity.age was damaged or written over: restore another point, or a copy of this one",
      { cause },
    );
  }
};

/** The runner stores the envelope in age's armour, which `age` itself reads; without it, it is taken as it is. */
const dearmoured = (envelope: Uint8Array): Uint8Array => {
  const text = Buffer.from(envelope).toString("latin1");
  return text.startsWith("-----BEGIN AGE ENCRYPTED FILE-----") ? armor.decode(text) : envelope;
};
