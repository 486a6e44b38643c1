import { randomBytes } from "node:crypto";
import { generateX25519Identity } from "age-encryption";
import type { CatalogPoint, RestoreRecord } from "../../../spec/index.ts";
import { PulumiStack } from "../../support/pulumi-stack.ts";
import { type S3Server, startS3 } from "../../support/s3-server.ts";
import { makeTempDir, removeTempDir } from "../../support/temp-dir.ts";
import { Chipster, generatePasswords } from "../../systems/chipster/chipster.ts";
import { DATABASE_NAMES, type Database } from "../../systems/chipster/manifests.ts";
import { BUCKET, ChipsterSite } from "./chipster-site.ts";
import { HOST_ADDRESS } from "./kubectl.ts";

/** A session as users have them, before anything happens. */
export const OLD = "old";

interface Options {
  /** How many files the old session has. */
  readonly files: number;
  /** @default all three */
  readonly databases?: readonly Database[];
}

/** Chipster on the cluster, a store on this machine, and the config of `chipster-prod` over both; `prod.up` deploys it. */
export class ChipsterDeployment {
  readonly chipster: Chipster;
  readonly store: S3Server;
  readonly prod: ChipsterSite;
  readonly project: string;
  /** For what a test writes. */
  readonly directory: string;

  private constructor(parts: Pick<ChipsterDeployment, "chipster" | "store" | "prod" | "project" | "directory">) {
    this.chipster = parts.chipster;
    this.store = parts.store;
    this.prod = parts.prod;
    this.project = parts.project;
    this.directory = parts.directory;
  }

  static async make({ files, databases = DATABASE_NAMES }: Options): Promise<ChipsterDeployment> {
    const id = randomBytes(4).toString("hex");
    const project = `backups-${id}`;
    const [directory, store, stack, identity] = await Promise.all([
      makeTempDir("chipster"),
      startS3({ address: HOST_ADDRESS }),
      PulumiStack.create({ stack: "chipster-prod", project, standIns: ["kubernetes"] }),
      generateX25519Identity(),
    ]);
    try {
      const chipster = await Chipster.deploy(`chipster-${id}`, generatePasswords(), databases);
      await chipster.seed(OLD, files);
      const bucket = { create: { bucket: BUCKET, endpoint: store.endpoint } };
      const prod = await ChipsterSite.make({ chipster, stack, project, store, identity, settings: { bucket } });
      return new ChipsterDeployment({ chipster, store, prod, project, directory });
    } catch (error) {
      await store.stop();
      await removeTempDir(directory);
      throw error;
    }
  }

  /** The config of `chipster-uat` over another Chipster: in the same bucket, and production's points may be restored there. */
  async uat(chipster: Chipster): Promise<ChipsterSite> {
    const { project, store, prod } = this;
    const settings = {
      bucket: { existing: { bucket: BUCKET, endpoint: store.endpoint } },
      from: [{ environment: "prod", stack: `organization/${project}/${prod.stack.name}` }],
    };
    const stack = await prod.stack.sibling("chipster-uat");
    return ChipsterSite.make({ chipster, stack, project, store, identity: prod.identity, settings });
  }

  async newest(plan: string): Promise<CatalogPoint> {
    const [point] = await this.prod.points(plan);
    if (!point) throw new Error(`${plan} has no point`);
    return point;
  }

  /** The operator's command, whatever comes of it. */
  restore(plan: string, ...args: readonly string[]) {
    const sure = ["--confirm", this.prod.confirm(plan), "--reason", "a test"];
    return this.prod.restorable("restore", "--plan", plan, ...args, ...sure, "--json");
  }

  /** The same; throws with what it said where it fails. */
  async restored(plan: string, ...args: readonly string[]): Promise<RestoreRecord> {
    const { exit, out, err } = await this.restore(plan, ...args);
    if (exit !== 0) throw new Error(`${exit}\n${out}\n${err}`);
    return JSON.parse(out) as RestoreRecord;
  }

  async remove(): Promise<void> {
    // All that the stack has declared lies in its namespace.
    await this.prod.stack.remove();
    this.prod.close();
    await this.chipster.remove();
    await this.store.stop();
    await removeTempDir(this.directory);
  }
}
