import { generateKeyPairSync } from "node:crypto";
import { publicKeyOf, sign } from "../../../runner/crypto/signature.ts";
import {
  type CatalogPoint,
  identityKey,
  type Manifest,
  manifest,
  pointTime,
  type SignatureState,
} from "../../../spec/index.ts";

const pem = () => generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const pair = () => {
  const privateKey = pem();
  return { privateKey, publicKey: publicKeyOf(privateKey) };
};

export const writer = pair();
export const prover = pair();
export const stranger = pair();

/** The smallest manifest that is one. */
export const sampleManifest = (id: string, more: Partial<Manifest> = {}): Manifest => {
  const at = pointTime(id).toISOString();
  const recipient = `age1${"q".repeat(58)}`;
  return manifest.parse({
    version: 1,
    id,
    plan: "packit",
    environment: "prod",
    project: "backups",
    stack: "montagu-prod",
    host: "production2",
    started: at,
    finished: new Date(pointTime(id).getTime() + 600_000).toISOString(),
    moment: "database-first",
    tools: {},
    sources: [
      {
        kind: "files",
        name: "outpack",
        directory: "/srv/outpack",
        started: at,
        finished: at,
        counts: { files: 1, directories: 1, symlinks: 0, hardLinks: 0, other: 0, bytes: 5 },
        changed: [],
        artifacts: [
          {
            role: "files",
            key: `artifacts/${id}/outpack.tar.zst.age`,
            bytes: 1_234,
            sha256: "0".repeat(64),
            format: "tar",
            compression: "zstd",
            encryption: "age",
          },
        ],
      },
    ],
    identity: { key: identityKey(id), recipient, recipients: [recipient], bytes: 1, sha256: "0".repeat(64) },
    flags: [],
    plannedSources: [],
    commands: [],
    ...more,
  });
};

export const signedText = (value: Manifest, key = writer.privateKey): string =>
  JSON.stringify({ manifest: value, signature: sign(key, "manifest", value) });

export const samplePoint = (
  id: string,
  signature: SignatureState = "valid",
  more: Partial<CatalogPoint> = {},
): CatalogPoint => ({
  id,
  manifest: sampleManifest(id),
  signature,
  extraVersions: 0,
  marks: [],
  proofs: [],
  storedBytes: 1_234,
  ...more,
});
