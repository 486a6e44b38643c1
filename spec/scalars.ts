import { z } from "zod";

/**
 * The error for a text that YAML may have taken for a date: Pulumi hands that on as `2026-11-20 18:00:00 +0000 UTC`.
 * It is refused, because YAML takes a local time for UTC.
 */
export const quotedInYaml =
  (expected: string) =>
  ({ input }: { readonly input?: unknown }): string =>
    /^\d{4}-\d\d-\d\d \d\d:/.test(String(input)) ? `${expected}, in quotes: YAML has read it as a date` : expected;

/** An instant: RFC 3339 with an offset. A bare local time means three different things to three tools, so it is refused. */
export const instant = z.iso.datetime({
  offset: true,
  error: quotedInYaml("expected a time with an offset, like 2026-11-20T18:00:00+01:00"),
});

/** A name that is part of keys and paths: lower-case letters, digits, dot, dash, underscore. */
export const slug = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    "expected 1 to 63 characters: lower-case letters, digits, '.', '-', '_', starting with a letter or digit",
  );

export const POINT_ID = /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3])[0-5]\d[0-5]\dZ-[0-9a-f]{4}$/;

/** A recovery-point id: UTC and sortable, with four random hex digits: `20261121T010000Z-7f3a`. */
export const pointId = z.string().regex(POINT_ID, "expected a recovery-point id like 20261121T010000Z-7f3a");

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 digest: 64 hex digits");
export const bytes = z.number().int().min(0);
export const count = z.number().int().min(0);

/** An absolute directory, written in the one way that can be compared and renamed. */
export const directory = z
  .string()
  .regex(/^\/(?!$)/, "expected an absolute path other than '/'")
  .refine(
    (path) => path.split("/").every((part, index) => index === 0 || !["", ".", ".."].includes(part)),
    "expected a path without '.', '..', '//' and without a slash at its end",
  )
  .refine((path) => !path.includes("\0"), "a path cannot hold a NUL byte");

/** A program and its arguments. It is never given to a shell. */
export const argv = z.array(z.string()).min(1).readonly();

const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected the name of an environment variable, never the secret itself");

/** Where a secret is, never the secret itself. */
export const secretRef = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("env"), name: environmentName }),
  z.strictObject({ kind: z.literal("file"), path: z.string().min(1) }),
]);
export type SecretRef = z.infer<typeof secretRef>;

/** An age X25519 recipient: the public half of a key that `age-keygen` made. */
export const recipient = z
  .string()
  .regex(/^age1[02-9ac-hj-np-z]{58}$/, "expected an age recipient: 'age1' and 58 more characters");

/** An Ed25519 public key: the 32 raw bytes in base64. */
export const publicKey = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, "expected an Ed25519 public key: 32 bytes in base64");
