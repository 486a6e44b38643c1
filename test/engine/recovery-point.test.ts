import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { expect, onTestFinished, test } from "vitest";
import { messages } from "../support/engine-events.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { tempDir } from "../support/temp-dir.ts";
import { checkout } from "../support/tools.ts";

/** A migration that depends on a verified point, run by the real launcher and runner. */
const PROGRAM = `
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { BackupPlan, RecoveryPoint, Repository } from ${JSON.stringify(path.join(checkout, "components/index.ts"))};

const config = new pulumi.Config();
const place = process.env.PLACE;
const version = config.require("version");
const repository = new Repository("montagu", { directory: place + "/repository", environment: "uat" });
const plan = new BackupPlan("packit", {
  target: { local: { ledger: place + "/ledger" } },
  sources: [{ files: { directory: place + "/data" } }],
  repository,
  schedule: { none: {} },
  recipients: [config.require("recipient"), config.require("safe")],
});
const before = new RecoveryPoint("before-migration", { plan, trigger: version, identity: config.getSecret("identity") });
new command.local.Command("migration", { create: "echo " + version + " >> " + place + "/migrated", triggers: [version] }, { dependsOn: [before] });
export const point = before.point;
export const opened = before.opened;
`;

const SENTENCE =
  "takes a recovery point of inline/test/packit for '0.16' and reads it back; what depends on it runs only if the point is good";

test("[topobank.4] a migration runs only after a point was taken and read back; once for its version, never at a plain up", async () => {
  const place = await tempDir("place");
  const at = (name: string) => path.join(place, name);
  await Promise.all(["data", "repository", "ledger"].map((name) => mkdir(at(name))));
  await writeFile(at("data/file"), "data");
  const stack = await PulumiStack.create({ program: PROGRAM, env: { PLACE: place } });
  onTestFinished(() => stack.remove());
  const [identity, other] = [await generateX25519Identity(), await generateX25519Identity()];
  await stack.setConfig("recipient", await identityToRecipient(identity));
  await stack.setConfig("safe", await identityToRecipient(await generateX25519Identity()));
  await stack.setConfig("identity", other, { secret: true });
  await stack.setConfig("version", "0.16");
  const migrated = () => readFile(at("migrated"), "utf8").catch(() => "");
  const points = () => readdir(at("repository/uat/packit/catalog")).catch(() => []);

  const preview = await stack.preview();
  expect(preview.ok, preview.text).toBe(true);
  expect(messages(preview.events, "info")).toContain(SENTENCE);
  expect(await points()).toEqual([]);

  // The backup fails: there is nothing to back up.
  await rename(at("data"), at("away"));
  const without = await stack.up();
  expect(without.ok).toBe(false);
  expect(messages(without.events, "error").join("\n")).toContain("data' does not exist");
  expect(await migrated()).toBe("");

  // The backup works, but the point cannot be opened with this key.
  await rename(at("away"), at("data"));
  const unread = await stack.up();
  expect(unread.ok).toBe(false);
  expect(messages(unread.events, "error").join("\n")).toMatch(/the given key is that of age1\w+/);
  expect(await points()).toHaveLength(1);
  expect(await migrated()).toBe("");

  await stack.setConfig("identity", identity, { secret: true });
  const good = await stack.up();
  expect(good.ok, good.text).toBe(true);
  expect(await migrated()).toBe("0.16\n");
  const [, second] = await points();
  expect(await stack.outputs()).toMatchObject({ point: second?.replace(".json", ""), opened: true });
  expect(await readdir(at(`repository/uat/packit/proofs/${second?.replace(".json", "")}`))).toHaveLength(1);

  const again = await stack.up();
  expect(again.changes).toEqual({ same: again.changes.same });
  await stack.setConfig("identity", other, { secret: true });
  expect((await stack.up()).ok).toBe(true);
  expect(await points()).toHaveLength(2);
  expect(await migrated()).toBe("0.16\n");
});
