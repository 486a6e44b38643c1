import { randomBytes } from "node:crypto";
import { access, chmod, chown, cp, lstat, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Plan, parse, plan as planSchema, type Request } from "../../../spec/index.ts";
import {
  type ArchiveOptions,
  archiveFiles,
  type FilesArchive,
  GpgHome,
  keepArchive,
  LARGE,
  MEDIUM,
} from "../../systems/chipster/file-archives.ts";
import { putObject } from "../repository-objects.ts";
import { catalogOf, makeWorld, type World } from "../world.ts";
import { keyringsGone, prepareOld, restoreOld } from "./restore-old.ts";

const LAYOUT = { layout: { kind: "chipster", prefix: "" } } as const;
const TO_KEY = ["--recipient", "chipster-backup", "--always-trust", "--encrypt"];

describe("Chipster's own archives of file-storage · versitygw, gpg, lz4", () => {
  let world: World;
  let gpg: GpgHome;
  let privateKey: string;
  /** A tree as it was when Chipster archived it. */
  let storage: string;
  /** That tree, archived once. */
  let base: FilesArchive;
  let day = 0;

  beforeAll(async () => {
    world = await makeWorld({
      change: (plan) => {
        const sources = plan.sources.filter(({ kind }) => kind === "files");
        return changed(plan, { layout: { kind: "chipster" }, sources });
      },
    });
    gpg = await GpgHome.make();
    privateKey = await gpg.generate("chipster-backup");
    storage = path.join(world.directory, "storage");
    await mkdir(path.join(storage, "ab/cd"), { recursive: true });
    await mkdir(path.join(storage, "ef/with a space"), { recursive: true });
    for (const name of ["a1", "a2", "b1"]) await writeFile(path.join(storage, "ab/cd", name), `small ${name}`);
    await writeFile(path.join(storage, "ab/empty"), "");
    await writeFile(path.join(storage, "ef/with a space/datei-ä"), "a name that is not ASCII");
    await writeFile(path.join(storage, `ef/${"x".repeat(150)}`), "a name longer than a tar's own field");
    await writeFile(path.join(storage, "ef/medium"), randomBytes(MEDIUM * 3));
    await writeFile(path.join(storage, "ab/large"), randomBytes(LARGE * 2));
    base = await archive();
  });
  afterAll(async () => {
    await gpg?.close();
    await world?.close();
  });

  const nextDay = () => {
    day += 1;
    return `2021-03-${String(day).padStart(2, "0")}T01:10:00.123456Z`;
  };
  const archive = (options: ArchiveOptions = {}, directory = storage) =>
    archiveFiles(gpg, directory, nextDay(), { encrypt: TO_KEY, ...options });
  const upload = async ({ tars, infoKey, info }: FilesArchive) => {
    for (const [key, body] of tars) await putObject(world, key, body);
    await putObject(world, infoKey, info);
  };
  const ask = (key: string, into?: Request["into"]): Partial<Request> => ({
    point: { object: key },
    sources: ["files"],
    ...(into ? { into } : {}),
  });
  const placeOf = (name: string) => path.join(world.directory, name);
  /** Restores into a new directory, and compares it with a tree. */
  const restoresAs = async (key: string, tree: string, more: { identity?: string; plan?: Plan } = {}) => {
    const directory = placeOf(`restored-${key.replaceAll(/[/:]/g, "-")}`);
    const record = await restoreOld(world, ask(key, { directory }), { identity: privateKey, ...more });
    expect(record).toMatchObject({ ok: true });
    expect(await contentsOf(directory)).toEqual(await contentsOf(tree));
  };
  /** Asks for a replacement, which must be refused with nothing changed. */
  const refusal = async (key: string, identity: string | undefined = privateKey, plan?: Plan) => {
    await writeFile(path.join(world.files, "live"), "of today");
    const beside = async () => (await readdir(world.directory)).filter((name) => name !== "ledger");
    const before = await beside();
    const result = await prepareOld(world, ask(key), { identity, ...(plan ? { plan } : {}) });
    const error = result.ok
      ? (result as { record?: { error?: { code: string; fact: string } } }).record?.error
      : result.error;
    expect(await beside()).toEqual(before);
    expect(await contentsOf(world.files)).toMatchObject({ live: Buffer.from("of today") });
    return error;
  };

  test("[chipster.5] an archive is listed when its info is there, once, and a killed upload is nothing", async () => {
    for (const [key, body] of base.tars) await putObject(world, key, body);
    expect((await catalogOf(world, world.plan, LAYOUT)).old).toEqual([]);
    expect(await refusal(base.infoKey)).toMatchObject({ code: "unknown-point" });
    await putObject(world, base.infoKey, base.info);
    await putObject(world, `${base.name}/archive-info`, base.info);
    const bytes = [...base.tars.values()].reduce((sum, { length }) => sum + length, 2 * Buffer.byteLength(base.info));
    const named = { key: base.infoKey, kind: "files", format: "tar", time: "2021-03-01T01:10:00", safety: false };
    expect((await catalogOf(world, world.plan, LAYOUT)).old).toEqual([
      { ...named, encryption: "by-file", bytes, pairs: [] },
    ]);
  });

  test("small and medium files in tars by group, large ones alone: all of it replaces what is live", async () => {
    const one = await archive({ prefixLength: 1 });
    expect([...one.tars.keys()].map((key) => path.basename(key)).toSorted()).toEqual(
      ["a_small", "b_small", "d_small", "e_small", "m_medium", "x_small"]
        .map((group) => `${group}_files.tar`)
        .concat("large.tar")
        .toSorted(),
    );
    await upload(one);
    await writeFile(path.join(world.files, "live"), "of today");
    const owner = process.geteuid?.() === 0 ? 4321 : (process.geteuid?.() ?? 0); // only root may give files away
    await chown(world.files, owner, process.getegid?.() ?? 0);
    await chmod(world.files, 0o750);
    const record = await restoreOld(world, ask(one.infoKey), { identity: privateKey });
    expect(record).toMatchObject({ ok: true, superseded: [expect.stringContaining("files_org_")] });
    expect(record.checks).toContainEqual({ name: "files: files", ok: true, detail: "8, as in the manifest" });
    expect(await contentsOf(world.files)).toEqual(await contentsOf(storage));
    for (const [at, mode] of [
      [".", 0o750],
      ["ab", 0o755],
      ["ab/large", 0o644],
    ] as const) {
      const found = await lstat(path.join(world.files, at));
      expect([found.uid, found.mode & 0o777]).toEqual([owner, mode]);
    }
    expect(await readFile(path.join(record.superseded[0] ?? "", "live"), "utf8")).toBe("of today");
  });

  test("in place it is read to its end before what is live is overwritten", async () => {
    await upload(base);
    await writeFile(path.join(world.files, "live"), "of today");
    const record = await restoreOld(world, ask(base.infoKey, { inPlace: {} }), { identity: privateKey });
    expect(record).toMatchObject({ ok: true });
    expect(await contentsOf(world.files)).toEqual(await contentsOf(storage));
  });

  test("archives that refer to others restore, from the newest to the first of the chain", async () => {
    const tree = placeOf("growing");
    await cp(storage, tree, { recursive: true });
    const first = await archive({}, tree);
    await upload(first);
    await writeFile(path.join(tree, "ab/second"), randomBytes(3000));
    const second = await archive({ archived: first.info }, tree);
    expect(second.tars.size).toBe(1);
    await upload(second);
    await rm(path.join(tree, "ab/large"));
    await writeFile(path.join(tree, "third"), "3");
    const third = await archive({ archived: second.info }, tree);
    await upload(third);
    await restoresAs(third.infoKey, tree);
    await restoresAs(first.infoKey, storage);
  });

  test("[chipster.9] an archive that is missing is named with the files that it takes along", async () => {
    const first = await archive();
    const tree = placeOf("grown");
    await cp(storage, tree, { recursive: true });
    await writeFile(path.join(tree, "new"), "new");
    const second = await archive({ archived: first.info }, tree);
    await upload(second);
    const whole = await refusal(second.infoKey);
    expect(whole).toMatchObject({ code: "corrupt", fact: expect.stringContaining(`needs 8 files of ${first.name}`) });
    expect(whole?.fact).toContain("ab/cd/a1, ab/cd/a2, ");
    // As in Chipster's own bucket, where the archive server left only what was new in that archive.
    const [small] = first.tars.keys();
    for (const [key, body] of first.tars) if (key !== small) await putObject(world, key, body);
    const some = await refusal(second.infoKey);
    expect(some).toMatchObject({ code: "corrupt", fact: expect.stringMatching(/needs \d files of .*: ab\/cd\/a1, /) });
    expect(some?.fact).not.toContain("medium");
  });

  test.each(["ab/cd/a2", "ef/medium", "ab/large"])(
    "[chipster.9] a bit of %s that flipped in either layer is named with its file, and nothing is replaced",
    async (file) => {
      await upload(base);
      const gpgPath = `${file}.lz4.gpg`;
      const [key, tar] = [...base.tars].find(([, body]) => body.includes(`${gpgPath}\0`)) ?? ["", Buffer.alloc(0)];
      const flipped = Buffer.from(tar);
      const at = tar.indexOf(`${gpgPath}\0`) + 512 + 150; // behind the member's header
      flipped.writeUInt8(tar.readUInt8(at) ^ 1, at);
      await putObject(world, key, flipped);
      const outer = await refusal(base.infoKey);
      expect(outer).toMatchObject({ code: "corrupt", fact: expect.stringContaining(`${gpgPath} in ${key}`) });
      expect(outer?.fact).toContain("another SHA-512");
      await putObject(world, key, tar);

      // As if it had been damaged before it was encrypted: GPG and lz4 find nothing wrong with it.
      const tree = placeOf(`only-${path.basename(file)}`);
      await cp(path.join(storage, file), path.join(tree, file), { recursive: true });
      const damage = (body: Buffer) => Buffer.concat([body.subarray(1), body.subarray(0, 1)]);
      const inner = await archive({ damage }, tree);
      await upload(inner);
      expect(await refusal(inner.infoKey)).toMatchObject({
        code: "corrupt",
        fact: expect.stringMatching(`^${file} in ${inner.name}.* has another SHA-512`),
      });
    },
  );

  test("a tar that was cut is named, and what it lost at a member's end too", async () => {
    const medium = [...base.tars.keys()].find((key) => key.includes("medium")) ?? "";
    const body = base.tars.get(medium) ?? Buffer.alloc(0);
    await upload({ ...base, tars: new Map([...base.tars, [medium, body.subarray(0, MEDIUM)]]) });
    expect(await refusal(base.infoKey)).toMatchObject({
      code: "corrupt",
      fact: expect.stringContaining(`${medium} of s3://backups`),
    });
    await putObject(world, medium, Buffer.alloc(1024));
    expect(await refusal(base.infoKey)).toMatchObject({
      code: "corrupt",
      fact: expect.stringMatching(/needs 1 files .*: ef\/medium$/),
    });
    await putObject(world, medium, body);
  });

  test("[chipster.4] without the private key nothing is opened", async () => {
    await upload(base);
    expect(await refusal(base.infoKey, "a passphrase that is none")).toMatchObject({ code: "wrong-key" });
    expect(await prepareOld(world, ask(base.infoKey))).toMatchObject({ ok: false, error: { code: "wrong-key" } });
    await keyringsGone();
  });

  test("a passphrase opens what it closed, and what was never encrypted needs no key", async () => {
    const tree = placeOf("two");
    await cp(path.join(storage, "ab/cd"), path.join(tree, "ab/cd"), { recursive: true });
    const closed = await archive({ encrypt: ["--passphrase", "of the backups", "--symmetric"] }, tree);
    await upload(closed);
    await restoresAs(closed.infoKey, tree, { identity: "of the backups" });
    const open = await archiveFiles(gpg, tree, nextDay(), {});
    await upload(open);
    const directory = placeOf("never-encrypted");
    expect(await restoreOld(world, ask(open.infoKey, { directory }))).toMatchObject({ ok: true });
    expect(await contentsOf(directory)).toEqual(await contentsOf(tree));
  });

  test("what an archive server keeps restores, also an older archive, whose files it has moved into a newer one", async () => {
    const kept = new Map<string, Buffer>();
    const first = await archive();
    const note = await keepArchive(kept, first);
    const tree = placeOf("kept");
    await cp(storage, tree, { recursive: true });
    await writeFile(path.join(tree, "new"), "new");
    const second = await archive({ archived: note }, tree);
    await keepArchive(kept, second);
    expect([...kept.keys()].filter((key) => key.startsWith(first.name))).toEqual([`${first.name}/archive-info`]);
    const at = placeOf("backup-archive");
    for (const [key, body] of kept) {
      await mkdir(path.dirname(path.join(at, key)), { recursive: true });
      await writeFile(path.join(at, key), body);
    }
    const { location: _, ...repository } = world.plan.repository;
    const plan = changed(world.plan, { repository: { ...repository, location: { kind: "directory", path: at } } });
    const { old = [] } = await catalogOf(world, plan, LAYOUT);
    expect(old.map(({ key }) => key)).toEqual([`${first.name}/archive-info`, `${second.name}/archive-info`]);
    await restoresAs(`${second.name}/archive-info`, tree, { plan });
    await restoresAs(`${first.name}/archive-info`, storage, { plan });
    const large = path.join(at, second.name, "ab/large.lz4.gpg");
    const body = await readFile(large);
    body.writeUInt8(body.readUInt8(9000) ^ 1, 9000);
    await writeFile(large, body);
    expect(await refusal(`${first.name}/archive-info`, privateKey, plan)).toMatchObject({
      code: "corrupt",
      fact: expect.stringContaining(`ab/large.lz4.gpg in ${second.name}/ab/large.lz4.gpg`),
    });
  });

  test.each([
    ["a path that leads out", "path", "../../outside", "would lead out"],
    ["an absolute path", "path", "/tmp/restorable-outside", "would lead out"],
    ["a stored file elsewhere", "stored", "../other/a.lz4.gpg", "would lead out"],
    ["an archive elsewhere", "archive", "../..", "would lead out"],
    ["another storage's archive", "archive", "secrets_2021-03-01T01:10:00Z", "no archive of this storage"],
    ["a file that is a directory too", "path", "ab/cd", "as a file and as a directory"],
  ])("%s is refused before anything is read", async (_what, field, value, why) => {
    const [first = "", ...lines] = base.info.split("\n");
    const fields = first.split("\t");
    fields[{ path: 0, stored: 3, archive: 6 }[field] ?? 0] = value;
    await upload({ ...base, info: [fields.join("\t"), ...lines].join("\n") });
    const error = await refusal(base.infoKey);
    expect(error).toMatchObject({ code: "corrupt", fact: expect.stringContaining(value) });
    expect(error?.fact).toContain(why);
    await expect(access("/tmp/restorable-outside")).rejects.toThrow();
  });

  test("a link in place of a file is refused", async () => {
    const [[key, body] = ["", Buffer.alloc(0)]] = base.tars;
    const forged = Buffer.from(body);
    forged.write("2", 156); // the type of the first member, and so the sum of its header
    const sum = forged.subarray(0, 512).reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
    forged.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    await upload({ ...base, tars: new Map([...base.tars, [key, forged]]) });
    expect(await refusal(base.infoKey)).toMatchObject({
      code: "corrupt",
      fact: expect.stringMatching("no plain file"),
    });
  });
});

const changed = (plan: Plan, more: object): Plan => parse(planSchema, { ...plan, ...more }, "plan");

/** Every file of a tree with its bytes. */
async function contentsOf(directory: string): Promise<Record<string, Buffer>> {
  const found: Record<string, Buffer> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) found[path.relative(directory, file)] = await readFile(file);
  }
  return found;
}
