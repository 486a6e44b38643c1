import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { expect, onTestFinished, test } from "vitest";
import { messages } from "../support/engine-events.ts";
import { PulumiStack } from "../support/pulumi-stack.ts";
import { tempDir } from "../support/temp-dir.ts";
import { waitFor } from "../support/wait-for.ts";
import { FILES_PROGRAM, START, STOP } from "./support/files-program.ts";
import { takeBackup } from "./support/stack-plan.ts";

/** A stack that is up, with one recovery point of `data/file` = "old", and "new" in it since. */
const setUp = async () => {
  const place = await tempDir("place");
  const at = (name: string) => path.join(place, name);
  await Promise.all(["data", "repository", "ledger"].map((name) => mkdir(at(name))));
  await Promise.all([
    writeFile(at("data/file"), "old"),
    writeFile(at("stop.ts"), STOP),
    writeFile(at("start.ts"), START),
    writeFile(at("log"), ""),
  ]);
  const stack = await PulumiStack.create({ program: FILES_PROGRAM, env: { PLACE: place } });
  onTestFinished(() => stack.remove());
  const identity = await generateX25519Identity();
  await stack.setConfig("recipient", await identityToRecipient(identity));
  await stack.setConfig("identity", identity, { secret: true });
  expect((await stack.up()).ok).toBe(true);
  const { id } = await takeBackup(stack);
  await writeFile(at("data/file"), "new");
  return {
    stack,
    at,
    point: id,
    request: (value: object) =>
      stack.setConfig(
        "restore",
        JSON.stringify({ point: "latest", into: { replace: {} }, confirm: "inline/test/packit", ...value }),
      ),
    data: () => readFile(at("data/file"), "utf8"),
    programs: async () => (await readFile(at("log"), "utf8")).split("\n").filter(Boolean),
  };
};

test("[core.5] [core.7] pulumi up restores a real point, keeps what it replaced, and refuses another request under its id", async () => {
  const { stack, at, point, request, data, programs } = await setUp();
  await request({ id: "one" });
  const restored = await stack.up();
  expect(restored.ok, restored.text).toBe(true);
  expect(await data()).toBe("old");
  expect(await programs()).toEqual(["stop", "start"]);
  expect((await stack.outputs()).record).toMatchObject({
    id: "one",
    ok: true,
    from: { environment: "uat", plan: "packit", point },
  });
  const kept = (await readdir(at("."))).filter((name) => name.startsWith("data_org_"));
  expect(kept).toHaveLength(1);
  expect(await readFile(at(`${kept[0]}/file`), "utf8")).toBe("new");

  await writeFile(at("data/file"), "newer");
  expect((await stack.up()).ok).toBe(true);
  expect(await data()).toBe("newer");

  await request({ id: "one", point });
  const refused = await stack.up();
  expect(refused.ok).toBe(false);
  expect(messages(refused.events, "error").join("\n")).toContain("the request id 'one' was used for another request");
  expect(await data()).toBe("newer");
  expect(await programs()).toEqual(["stop", "start"]);
  expect((await stack.up()).ok).toBe(true);

  expect((await stack.destroy()).ok).toBe(true);
  expect(await data()).toBe("newer");
  expect(await readdir(at("repository"))).not.toEqual([]);
});

test("[core.6] [core.13] a restore whose launcher was killed while the application was stopped is undone by the next up", async () => {
  const { stack, at, request, data, programs } = await setUp();
  await writeFile(at("hold"), "");
  await request({ id: "killed" });
  const update = stack.up();
  const held = await waitFor("the application to be stopped", async () =>
    JSON.parse(await readFile(at("held"), "utf8")),
  );
  process.kill(held.launcher, "SIGKILL");
  process.kill(held.stop, "SIGKILL");
  expect((await update).ok).toBe(false);
  expect(await programs()).toEqual(["stop"]);
  await rm(at("hold"));

  const next = await stack.up();
  expect(next.ok).toBe(false);
  expect(messages(next.events, "error").join("\n")).toMatch(/restore killed failed: .*interrupted at step 'quiescing'/);
  expect(await programs()).toEqual(["stop", "start"]);
  expect(await data()).toBe("new");
  expect((await readdir(at("."))).filter((name) => name.startsWith("data_"))).toEqual([]);
  expect((await stack.up()).ok).toBe(true);
  expect(await programs()).toEqual(["stop", "start"]);

  await request({ id: "again" });
  expect((await stack.up()).ok).toBe(true);
  expect(await data()).toBe("old");
});

test("a key that is no recipient's fails that one update, with nothing touched", async () => {
  const { stack, request, data, programs } = await setUp();
  await stack.setConfig("identity", await generateX25519Identity(), { secret: true });
  await request({ id: "one" });
  const run = await stack.up();
  expect(run.ok).toBe(false);
  expect(messages(run.events, "error").join("\n")).toMatch(
    /restore one failed: the given key is that of age1\w+, but the point is encrypted to age1\w+/,
  );
  expect(await data()).toBe("new");
  expect(await programs()).toEqual([]);
});
