import { homedir } from "node:os";
import path from "node:path";
import { type Manifest, type Plan, parse, plan as planSchema, type Repository } from "../../spec/index.ts";
import type { Io } from "../io.ts";

/**
 * The plan as its own manifest remembers it: enough to restore when the state is lost. Secrets are in it by the names
 * of environment variables; a missing one is named when it is needed.
 */
export const planFromManifest = (
  io: Io,
  manifest: Manifest,
  repository: Repository,
  ledger: string | undefined,
): Plan =>
  parse(
    planSchema,
    {
      version: 1,
      project: manifest.project,
      stack: manifest.stack,
      name: manifest.plan,
      target: { kind: "local", ledger: ledgerDirectory(io, ledger) },
      sources: manifest.plannedSources,
      repository,
      recipients: manifest.identity.recipients,
    },
    `the plan in the manifest of ${manifest.id}`,
  );

const ledgerDirectory = (io: Io, ledger: string | undefined): string =>
  ledger === undefined
    ? path.join(io.env.XDG_STATE_HOME ?? path.join(io.env.HOME ?? homedir(), ".local/state"), "restorable")
    : path.resolve(io.cwd, ledger);
