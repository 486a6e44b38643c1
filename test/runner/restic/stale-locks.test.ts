import { mkdir, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { removeStaleLocks } from "../../../runner/restic/stale-locks.ts";
import { openStore } from "../../../runner/store/open-store.ts";
import { planPrefix } from "../../../spec/index.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { testContext } from "../../support/test-context.ts";

const MINUTE = 60_000;

test("only locks of the plan's own prefix go, and only those that nobody has renewed for 30 minutes", async () => {
  const root = await tempDir("stale-locks");
  const own = planPrefix("", "prod", "app");
  const put = async (key: string, minutes: number) => {
    const file = path.join(root, key);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, "lock");
    const then = new Date(Date.now() - minutes * MINUTE);
    await utimes(file, then, then);
  };
  await put(`${own}files/locks/old`, 31);
  const staying = [
    `${own}files/locks/young`,
    `${own}files/keys/old`,
    `${own}files/config`,
    `${own}lease.json`,
    `${planPrefix("", "prod", "app2")}files/locks/old`,
    `${planPrefix("", "uat", "app")}files/locks/old`,
  ];
  for (const key of staying) await put(key, key.endsWith("young") ? 20 : 600);
  const context = testContext();
  const store = (prefix: string) => openStore(context, { kind: "directory", path: root }, "writer", prefix);
  expect(await removeStaleLocks(context, store(own))).toBe(1);
  const left: string[] = [];
  for await (const { key } of store("").list("")) left.push(key);
  expect(left.sort()).toEqual(staying.toSorted());
});
