import { armor, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { JobError } from "../../spec/index.ts";

/** A recovery point's own key. */
export interface PointIdentity {
  /** What the artifacts are encrypted to. */
  readonly recipient: string;
  /** The identity file, encrypted to the plan's recipients, in age's armour: what is stored as `identity.age`. */
  readonly wrapped: string;
}

/**
 * Makes a fresh age identity and wraps it to the plan's recipients. The identity itself is not handed out: who takes a
 * backup has no use for it.
 * @throws JobError `wrong-key` naming a recipient that is none
 */
export const newPointIdentity = async (recipients: readonly string[]): Promise<PointIdentity> => {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return { recipient, wrapped: await wrap(`${identity}\n`, recipients) };
};

/**
 * A small text, encrypted to recipients and armoured: an identity file as age reads it, or a password.
 * @throws JobError `wrong-key` naming a recipient that is none
 */
export const wrap = async (text: string, recipients: readonly string[]): Promise<string> => {
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      const hint = "give the recipient that `age-keygen -y` prints for the operator's key";
      throw new JobError("wrong-key", `'${recipient}' is not an age recipient`, hint, { cause });
    }
  }
  return armor.encode(await encrypter.encrypt(text));
};
