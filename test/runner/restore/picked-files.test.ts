import { link, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Plan, Request, ResultOf } from "../../../spec/index.ts";
import { treeDigest } from "../../support/tree-digest.ts";
import { makeResticWorld } from "../restic/world.ts";
import { backupOf, makeWorld, pointIdentity, restoreJob, restoreWhole, succeeded, type World } from "../world.ts";

/** Names that a shell, tar's or restic's patterns, or a list of names in a file would read as something else. */
const ODD = [
  "-dash/--to-command=false",
  "blank and 'quote\"",
  "new\nline/back\\slash\\n",
  "star*/[a-z]?/{b,c}",
  "ünïcödé/日本",
  "!not/#hash/$HOME",
  "**/every",
];
const OTHERS = ["starry/a/b", "blank and", "plain/deep/file", "plain/other"];

const filesOnly = (plan: Plan): Plan => ({ ...plan, sources: plan.sources.filter(({ kind }) => kind === "files") });

describe.each([
  ["a full archive · versitygw", () => makeWorld({ change: filesOnly })],
  ["incremental · versitygw", () => makeResticWorld({ repository: "s3" })],
] as const)("some paths of %s", (title, make) => {
  let world: World;
  let point: string;

  beforeAll(async () => {
    world = await make();
    for (const name of [...ODD, ...OTHERS]) {
      await mkdir(path.dirname(at(name)), { recursive: true, mode: 0o750 });
      await writeFile(at(name), `content of ${name}`, { mode: 0o640 });
    }
    await link(at("plain/other"), at("second name"));
    point = (await backupOf(world)).id;
  });
  afterAll(() => world?.close());

  const at = (name: string): string => path.join(world.files, name);
  const textOf = (name: string) => readFile(at(name), "utf8").catch(() => "nothing");
  const restored = async (request: Partial<Request>) => {
    const { record } = await restoreWhole(world, { request: { point, ...request } });
    if (!record) throw new Error("no record");
    return record;
  };
  const act = async (action: "rollback" | "finish" | "recover" | "swap" | "quiescing", request: Request) =>
    succeeded(await world.run(restoreJob(world, action, { request })), "restore");

  test("into a new directory: each name exactly, with its owner, mode and time and those of the way to it; nothing else", async () => {
    const whole = await treeDigest(world.files);
    const directory = path.join(world.directory, "picked");
    const record = await restored({ into: { directory }, only: { paths: ODD } });
    expect(record).toMatchObject({ ok: true, superseded: [] });
    const ways = ODD.flatMap((name) => name.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/")));
    expect(await treeDigest(directory)).toEqual(whole.filter((line) => isWithin(line, ways)));
    expect(record.notes.join("\n")).toContain(`${ODD.length} of the point's ${ODD.length + OTHERS.length + 1} files`);
    expect(record.checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  test("a directory takes what is in it, once, however often it is named", async () => {
    const directory = path.join(world.directory, "folder");
    await restored({ into: { directory }, only: { paths: ["plain/deep/file", "plain", "plain/deep"] } });
    expect(await readFile(path.join(directory, "plain/deep/file"), "utf8")).toBe("content of plain/deep/file");
    expect(await readFile(path.join(directory, "plain/other"), "utf8")).toBe("content of plain/other");
    await expect(stat(path.join(directory, "starry"))).rejects.toThrow(/ENOENT/);
  });

  test("put back in place: one that changed, one that was deleted with its directory; the rest stays as it is now", async () => {
    const [changed = "", deleted = ""] = [ODD[0], ODD[2]];
    await writeFile(at(changed), "changed since");
    await rm(at("new\nline"), { recursive: true });
    await writeFile(at("plain/other"), "newer than the point");
    await writeFile(at("later"), "made since");
    const before = await treeDigest(world.files);
    const record = await restored({ into: { inPlace: {} }, only: { paths: [changed, deleted] } });
    expect(record).toMatchObject({ ok: true, superseded: [expect.stringContaining("_org_")] });
    expect(await textOf(changed)).toBe(`content of ${changed}`);
    expect(await textOf(deleted)).toBe(`content of ${deleted}`);
    expect(await textOf("plain/other")).toBe("newer than the point");
    expect(await textOf("later")).toBe("made since");
    const [kept = ""] = record.superseded;
    expect(await readFile(path.join(kept, changed), "utf8")).toBe("changed since");

    const after = await treeDigest(world.files);
    await act("rollback", record.request);
    expect((await act("finish", record.request)).step).toBe("rolled-back");
    expect(timeless(await treeDigest(world.files))).toEqual(timeless(before));
    const again = await restored({ into: { inPlace: {} }, only: { paths: [changed, deleted] } });
    expect(again.ok).toBe(true);
    expect(timeless(await treeDigest(world.files))).toEqual(timeless(after));
  });

  test("a restore that was killed before its swap leaves the directory as it was", async () => {
    await writeFile(at("plain/deep/file"), "changed since");
    const before = await treeDigest(world.files);
    const secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, point) };
    const job = restoreJob(world, "prepare", {
      request: { point, into: { inPlace: {} }, only: { paths: ["plain/deep/file"] } },
    });
    expect(succeeded(await world.run(job, secrets), "restore").step).toBe("hooked");
    expect((await act("recover", job.request)).step).toBe("undone");
    expect(await treeDigest(world.files)).toEqual(before);
    expect(await leftBeside(world)).toEqual([]);
  });

  test("what the point does not hold is refused by name, with what is like it", async () => {
    const before = await treeDigest(world.files);
    const error = await refused({ into: { inPlace: {} }, only: { paths: ["plain/dep/file"] } });
    expect(error).toMatchObject({ code: "not-in-point", fact: expect.stringContaining("'plain/dep/file'") });
    if (title.startsWith("incremental")) expect(error.hint).toMatch(/'plain' holds "deep"/);
    expect((await refused({ into: { inPlace: {} }, only: { paths: ["starr?"] } })).code).toBe("not-in-point");
    expect(await treeDigest(world.files)).toEqual(before);
    expect(await leftBeside(world)).toEqual([]);
  });

  test("a further name of a file comes alone where its bytes can, and is refused by name where they lie under another", async () => {
    const ask = { into: { directory: path.join(world.directory, "linked") }, only: { paths: ["second name"] } };
    if (title.startsWith("incremental")) {
      expect((await restored(ask)).ok).toBe(true);
      expect(await readFile(path.join(ask.into.directory, "second name"), "utf8")).toBe("content of plain/other");
      return;
    }
    const error = await refused(ask);
    expect(error).toMatchObject({ code: "not-in-point", fact: expect.stringContaining("plain/other") });
    expect((await restored({ ...ask, only: { paths: ["second name", "plain/other"] } })).ok).toBe(true);
  });

  const refused = async (request: Partial<Request>): Promise<{ code: string; fact: string; hint: string }> => {
    const secrets = { POINT_IDENTITY: await pointIdentity(world, world.plan, point) };
    const result = await world.run(restoreJob(world, "prepare", { request: { point, ...request } }), secrets);
    if (!result.ok) return result.error;
    const { record } = result as ResultOf<"restore">;
    if (record?.error) return record.error;
    throw new Error("it was not refused");
  };
});

/** What restores have left beside the live directory, but for what they keep. */
const leftBeside = async ({ files }: World): Promise<string[]> => {
  return (await readdir(path.dirname(files))).filter((name) => name.startsWith("files_new"));
};

/** Without times of directories, which a rename in them changes. */
const timeless = (lines: readonly string[]): string[] =>
  lines.map((line) => {
    const [name = "", mode = "", owner = "", time = "", ...rest] = line.split(" | ");
    return [name, mode, owner, mode.startsWith("4") ? "" : time, ...rest].join(" | ");
  });

const isWithin = (line: string, names: readonly string[]): boolean => {
  const [name = ""] = line.split(" | ");
  const escaped = (text: string) =>
    [...Buffer.from(text)]
      .map((byte) => (byte > 32 && byte < 127 ? String.fromCharCode(byte) : `%${byte.toString(16)}`))
      .join("");
  return name === "." || names.some((each) => name === `./${escaped(each)}`);
};
