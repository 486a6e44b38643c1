import { mkdtemp, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { identityToRecipient } from "age-encryption";
import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import { restorable } from "../../cli/real-cli.ts";
import type { PulumiStack } from "../../support/pulumi-stack.ts";
import type { S3Keys, S3Server } from "../../support/s3-server.ts";
import { StackSite } from "../../support/stack-site.ts";
import { publishedPoints, storedKeys } from "../../support/stored-keys.ts";
import type { Chipster } from "../../systems/chipster/chipster.ts";
import { STORAGE_USER } from "../../systems/chipster/manifests.ts";

export const BUCKET = "chipster-backups";

/** What a server's administrator has at home, and no cluster. */
export const VALUES = "host: chipster.example.org\ntools-bin-version: chipster-4.9.0\n";

export interface ChipsterSiteOptions {
  readonly chipster: Chipster;
  readonly stack: PulumiStack;
  readonly project: string;
  readonly store: S3Server;
  /** An age private key: the operator's. */
  readonly identity: string;
  /** More of `backups:chipster`. */
  readonly settings: object;
}

/** Where points are, and all that it takes to read them. */
export interface Repository {
  /** As `--repository` takes it. */
  readonly repository: string;
  readonly publicKey: string;
  /** Of its bucket; a directory has none. */
  readonly keys?: S3Keys;
}

/** One environment: Chipster in its namespace, its stack, and an operator with the command line. */
export class ChipsterSite extends StackSite {
  readonly chipster: Chipster;
  readonly #s3: S3Client;

  private constructor({ chipster, stack, project, identity, store }: ChipsterSiteOptions) {
    super({ stack, project, system: "chipster", identity });
    this.chipster = chipster;
    this.#s3 = store.client();
  }

  /** Writes the stack's config; `up` deploys it. */
  static async make(options: ChipsterSiteOptions): Promise<ChipsterSite> {
    const { chipster, identity, store, settings } = options;
    const site = new ChipsterSite(options);
    await site.configure({
      runner: RUNNER_IMAGE,
      recipients: [await identityToRecipient(identity)],
      namespace: chipster.namespace,
      user: STORAGE_USER,
      timeoutSeconds: 60,
      ...settings,
    });
    await site.setSecrets({
      accessKeyId: store.root.accessKeyId,
      secretAccessKey: store.root.secretAccessKey,
      sessionDbPassword: String(chipster.passwords["session-db-db-password"]),
      authPassword: String(chipster.passwords["auth-db-password"]),
      jobHistoryPassword: String(chipster.passwords["job-history-db-password"]),
      values: VALUES,
      identity,
    });
    return site;
  }

  /** Keys of the bucket below `chipster/<environment>/`, without that part. */
  async keys(below = "", environment = "prod"): Promise<readonly string[]> {
    const root = `chipster/${environment}/`;
    return (await storedKeys(this.#s3, BUCKET, `${root}${below}`)).map((key) => key.slice(root.length));
  }

  /** Ids of a plan's published points, oldest first: seen in the bucket, because asking a cluster takes a pod. */
  published = (plan: string): Promise<readonly string[]> => publishedPoints(this.#s3, BUCKET, `chipster/prod/${plan}`);

  /** One object, by what `keys` answers. */
  async read(key: string, environment = "prod"): Promise<Buffer> {
    const Key = `chipster/${environment}/${key}`;
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  /** Puts an object where Chipster's own backup has its archives: below the root of the repository. */
  async write(key: string, body: string | Buffer): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `chipster/${key}`, Body: body }));
  }

  /**
   * What one source of the newest point holds, by the names of its files: taken out into a folder of `directory` with a
   * repository and the operator's key, without the cluster and any state.
   */
  async takeOut(
    { repository, publicKey, keys }: Repository,
    source: "passwords" | "values",
    directory: string,
  ): Promise<Readonly<Record<string, string>>> {
    const own = await mkdtemp(path.join(directory, "taken-"));
    const taken = path.join(own, source);
    const options = Object.entries({
      repository,
      environment: "prod",
      plan: "sessions",
      "public-key": publicKey,
      source,
      directory: taken,
      ledger: path.join(own, "ledger"),
      confirm: this.confirm("sessions"),
    }).flatMap(([name, value]) => [`--${name}`, value]);
    const bucket = keys && { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey };
    const env = { ...bucket, RESTORABLE_IDENTITY: this.identity };
    const { exit, out, err } = await restorable(["restore", ...options, "--json"], { env });
    if (exit !== 0) throw new Error(`${exit}\n${out}\n${err}`);
    const names = await readdir(taken);
    const read = async (name: string) => [name, await readFile(path.join(taken, name), "utf8")] as const;
    return Object.fromEntries(await Promise.all(names.map(read)));
  }

  close = (): void => this.#s3.destroy();
}
