import { createPrivateKey, createPublicKey, type KeyObject, sign as signBytes, verify } from "node:crypto";
import { canonicalJson, JobError, type Signature, type SignatureState } from "../../spec/index.ts";

/** What is signed. Part of the signed bytes, so that one kind never passes for another. */
export type SignedKind = "manifest" | "proof";

/** A value as it is stored, under the name of its kind, with its signature. */
export type Signed<K extends SignedKind> = { readonly [key in K]: unknown } & {
  readonly signature?: Signature | undefined;
};

/**
 * Signs the canonical JSON of a value.
 * @param privateKeyPem an Ed25519 private key, PKCS #8 in PEM
 * @throws JobError `wrong-key` when the text is no such key
 */
export const sign = (privateKeyPem: string, kind: SignedKind, value: unknown): Signature => {
  const key = privateKey(privateKeyPem);
  return {
    algorithm: "ed25519",
    publicKey: rawPublicKey(createPublicKey(key)),
    value: signBytes(null, message(kind, value), key).toString("base64"),
  };
};

/**
 * Whether a value is what somebody trusted has signed. Give the value as it was read: a parser that fills in defaults
 * would change what was signed.
 */
export const signatureState = <K extends SignedKind>(
  signed: Signed<K>,
  trusted: readonly string[],
  kind: K,
): SignatureState => {
  const { signature } = signed;
  if (!signature) return "none";
  if (!isSignedBy(signature, message(kind, signed[kind]))) return "bad";
  return trusted.includes(signature.publicKey) ? "valid" : "untrusted";
};

/**
 * The public key that belongs to a private one: 32 raw bytes in base64, as plans name it.
 * @throws JobError `wrong-key`
 */
export const publicKeyOf = (privateKeyPem: string): string => rawPublicKey(createPublicKey(privateKey(privateKeyPem)));

const message = (kind: SignedKind, value: unknown): Buffer =>
  Buffer.from(`restorable ${kind} version 1\n${canonicalJson(value)}`);

const isSignedBy = ({ publicKey, value }: Signature, bytes: Buffer): boolean => {
  try {
    const x = Buffer.from(publicKey, "base64").toString("base64url");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return verify(null, bytes, key, Buffer.from(value, "base64"));
  } catch {
    return false;
  }
};

const privateKey = (pem: string): KeyObject => {
  const key = parsed(pem);
  if (key?.asymmetricKeyType === "ed25519") return key;
  throw new JobError(
    "wrong-key",
    key ? `the signing key is ${key.asymmetricKeyType}, not Ed25519` : "the signing key is not a private key in PEM",
    "make one with `openssl genpkey -algorithm ed25519` and give its whole text",
  );
};

/** Without the parser's own error: it may repeat parts of the text. */
const parsed = (pem: string): KeyObject | undefined => {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
};

const rawPublicKey = (key: KeyObject): string =>
  Buffer.from(String(key.export({ format: "jwk" }).x), "base64url").toString("base64");
