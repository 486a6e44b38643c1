import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { messages } from "../support/engine-events.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { checkout } from "../support/tools.ts";

const program = (media: string) => `
import { BackupBucket, BackupPlan, Repository } from ${JSON.stringify(path.join(checkout, "components/index.ts"))};

const credentials = { accessKeyId: "id", secretAccessKey: "secret" };
const endpoint = "https://s3.example.org";
const dumps = new BackupBucket("dumps", { existing: { bucket: "topobank", endpoint, credentials } });
new BackupPlan("topobank", {
  target: { local: { ledger: "/ledger" } },
  sources: [
    { postgres: { host: "postgres", database: "topobank", user: "topobank", password: "password" } },
    { objects: { name: "media", bucket: ${JSON.stringify(media)}, prefix: "media", endpoint, credentials } },
  ],
  repository: new Repository("topobank", { s3: { bucket: dumps, prefix: "backup" } }),
  schedule: { none: {} },
  recipients: ["age1${"q".repeat(58)}", "age1${"p".repeat(58)}"],
});
`;

test("[topobank.5] dumps in the bucket of the media are refused by name at the very first preview; another bucket is fine", async () => {
  const stack = await PulumiStack.create({ program: program("topobank") });
  onTestFinished(() => stack.remove());
  const same = await stack.preview();
  expect(same.ok, same.text).toBe(false);
  expect(messages(same.events, "error").join("\n")).toContain(
    "BackupPlan \"topobank\": sources[1].bucket: the repository lies in 'topobank' too, the bucket that the source 'media' is to be backed up from: whoever loses that bucket loses both; put the repository into another bucket",
  );
  await stack.writeProgram(program("topobank-assets"));
  const apart = await stack.preview();
  expect(apart.ok, apart.text).toBe(true);
});
