import { identityToRecipient } from "age-encryption";
import { RUNNER_IMAGE } from "../../../tools/docker/images.ts";
import type { PulumiStack } from "../../support/pulumi-stack.ts";
import { StackSite } from "../../support/stack-site.ts";
import type { Aide } from "../../systems/aide/aide.ts";
import { docker } from "./docker.ts";
import type { HostStore } from "./host-store.ts";
import { HOST } from "./launches.ts";

export const BUCKET = "aide-backups";

export interface SiteOptions {
  readonly aide: Aide;
  readonly stack: PulumiStack;
  readonly store: HostStore;
  /** An age private key: the operator's. */
  readonly identity: string;
  /** More of `backups:aide`. */
  readonly settings: object;
}

/** One environment: AIDE, its stack, and an operator with the command line. */
export class Site extends StackSite {
  readonly aide: Aide;

  private constructor({ aide, ...options }: SiteOptions, project: string) {
    super({ ...options, project, system: "aide" });
    this.aide = aide;
  }

  /** Writes the stack's config; `up` deploys it. */
  static async make(options: SiteOptions, project: string): Promise<Site> {
    const { aide, store, identity, settings } = options;
    const site = new Site(options, project);
    await site.configure({
      host: HOST,
      runner: RUNNER_IMAGE,
      recipients: [await identityToRecipient(identity)],
      container: aide.container,
      volumes: aide.volumes,
      page: aide.page,
      timeoutSeconds: 60,
      ...settings,
    });
    await site.setSecrets({
      accessKeyId: store.accessKeyId,
      secretAccessKey: store.secretAccessKey,
      postgresPassword: aide.password,
      adminPassword: aide.adminPassword,
      identity,
    });
    return site;
  }
}

/** The containers that run a project's plans by their schedules. */
export const schedulers = async (project: string): Promise<readonly string[]> => {
  const filters = ["--filter", `name=${project}`, "--filter", "label=restorable.role=scheduler"];
  return (await docker("ps", "--quiet", ...filters)).split("\n").filter(Boolean);
};

/** Takes away what stacks of a project left on the engine: containers first. */
export const removeProject = async (project: string): Promise<void> => {
  for (const [kind, list, remove] of [
    ["containers", ["ps", "--all", "--quiet"], ["rm", "--force", "--volumes"]],
    ["volumes", ["volume", "ls", "--quiet"], ["volume", "rm", "--force"]],
  ] as const) {
    const names = (await docker(...list, "--filter", `name=${project}`)).split("\n").filter(Boolean);
    if (names.length > 0)
      await docker(...remove, ...names).catch((error) => Promise.reject(new Error(`${kind}: ${error}`)));
  }
};
