import { appendFile, chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { S3Keys } from "../../../../tools/servers/s3-server.ts";
import { checkout, tools } from "../../../../tools/servers/tools.ts";
import { PulumiStack } from "../../../support/pulumi-stack.ts";
import type { Ceph } from "../ceph.ts";
import { program } from "../docker.ts";

/** What the stand-in did not apply, and why. */
export interface LeftOut {
  readonly type: string;
  readonly name: string;
  readonly reason: string;
}

export interface AwsStack {
  readonly stack: PulumiStack;
  readonly leftOut: () => Promise<readonly LeftOut[]>;
}

/** A stack under the real engine whose `aws` provider is our stand-in on a real RGW. `account` owns what it makes there. */
export async function awsStack(
  source: string,
  {
    ceph,
    account,
    env,
  }: { readonly ceph: Ceph; readonly account: S3Keys; readonly env: Readonly<Record<string, string>> },
): Promise<AwsStack> {
  const record: { file?: string } = {};
  const told: Record<string, string> = {
    ...env,
    RESTORABLE_DOCKER: program,
    AWS_STAND_IN_CEPH: ceph.container,
    AWS_STAND_IN_ENDPOINT: ceph.endpoint,
    AWS_STAND_IN_ACCESS_KEY_ID: account.accessKeyId,
    AWS_STAND_IN_SECRET_ACCESS_KEY: account.secretAccessKey,
  };
  const stack = await PulumiStack.create({ program: source, stack: "prod", env: told });
  record.file = path.join(stack.directory, "left-out");
  told.AWS_STAND_IN_RECORD = record.file;
  await usePlugin(stack);
  const leftOut = async () => {
    const text = await readFile(path.join(stack.directory, "left-out"), "utf8");
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as LeftOut);
  };
  return { stack, leftOut };
}

/** Names the stand-in in the project's file, where the engine looks first. */
async function usePlugin(stack: PulumiStack): Promise<void> {
  const folder = path.join(stack.directory, "aws-plugin");
  await mkdir(folder);
  const standIn = path.join(checkout, "test/docker/support/aws/provider-stand-in.ts");
  const script = path.join(folder, "pulumi-resource-aws");
  await writeFile(script, `#!/bin/sh\nexec "${tools().node}" "${standIn}" "$@"\n`);
  await chmod(script, 0o755);
  const plugins = `plugins:\n  providers:\n    - { name: aws, path: ${JSON.stringify(folder)} }\n`;
  await appendFile(path.join(stack.projectDirectory, "Pulumi.yaml"), plugins);
}
