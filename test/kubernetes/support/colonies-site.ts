import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { identityToRecipient } from "age-encryption";
import { RUNNER_IMAGE, TIMESCALEDB_IMAGE } from "../../../tools/docker/images.ts";
import type { PulumiStack } from "../../support/pulumi-stack.ts";
import type { S3Server } from "../../support/s3-server.ts";
import { StackSite } from "../../support/stack-site.ts";
import { storedKeys } from "../../support/stored-keys.ts";
import { type Colonies, USER, WRITER } from "../../systems/colonies/colonies.ts";

export const BUCKET = "backup";
/** Bytes of each volume are limited by the cluster's storage only. */
const SIZE = "200Mi";

export interface ColoniesSiteOptions {
  readonly colonies: Colonies;
  readonly stack: PulumiStack;
  readonly project: string;
  readonly store: S3Server;
  /** How pods and this machine reach that store. */
  readonly endpoint: string;
  /** An age private key: the operator's. */
  readonly identity: string;
  readonly password: string;
  /** More of `backups:colonies`. */
  readonly settings: object;
}

/** One environment: a namespace, its stack, and an operator with the command line. */
export class ColoniesSite extends StackSite {
  readonly colonies: Colonies;
  readonly #s3: S3Client;

  private constructor({ colonies, stack, project, identity, store }: ColoniesSiteOptions) {
    super({ stack, project, system: "colonies", identity });
    this.colonies = colonies;
    this.#s3 = store.client();
  }

  /** Writes the stack's config; `up` deploys it. */
  static async make(options: ColoniesSiteOptions): Promise<ColoniesSite> {
    const { colonies, identity, store, endpoint, password, settings } = options;
    const site = new ColoniesSite(options);
    await site.configure({
      runner: RUNNER_IMAGE,
      recipients: [await identityToRecipient(identity)],
      bucket: { create: { bucket: BUCKET, endpoint, insecure: true } },
      namespace: colonies.namespace,
      image: TIMESCALEDB_IMAGE,
      user: USER,
      storage: { size: SIZE, backupSize: SIZE },
      stop: [{ deployment: WRITER }],
      timeoutSeconds: 60,
      ...settings,
    });
    await site.setSecrets({
      accessKeyId: store.root.accessKeyId,
      secretAccessKey: store.root.secretAccessKey,
      postgresPassword: password,
      identity,
    });
    return site;
  }

  /** Keys below `backups/`. */
  dumps = (): Promise<readonly string[]> => storedKeys(this.#s3, BUCKET, "backups/");

  put = async (key: string, body: Buffer | string): Promise<void> => {
    await this.#s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
  };

  async size(key: string): Promise<number | undefined> {
    const { ContentLength, Body } = await this.#s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    await Body?.transformToByteArray();
    return ContentLength;
  }

  close = (): void => this.#s3.destroy();
}
