import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { inspectNewTarget, inspectTarget, requireDirectory } from "../../../runner/files/inspect-directory.ts";
import { requireRoom } from "../../../runner/files/target-room.ts";
import { skipBecause } from "../../support/skip.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { isRoot } from "./shapes.ts";

const at = new Date("2026-11-21T01:00:00Z");
const run = promisify(execFile);
const inspect = (live: string) => inspectTarget(live, "one", at);

const makeLive = async (): Promise<string> => {
  const live = path.join(await tempDir("inspect"), "data");
  await mkdir(live);
  return live;
};

const withMount = async (point: string, args: readonly string[], work: () => Promise<void>): Promise<void> => {
  await run("mount", [...args, point]);
  try {
    await work();
  } finally {
    await run("umount", [point]);
  }
};

describe("a directory that is replaced", () => {
  test("is renamed beside where that is possible, whether it exists or not", async () => {
    const live = await makeLive();
    expect(await inspect(live)).toMatchObject({
      form: "sibling",
      roomIn: path.dirname(live),
      names: { live, beside: `${live}_new_one`, superseded: `${live}_org_20261121T010000Z`, existed: true },
    });
    expect((await inspect(`${live}2`)).names.existed).toBe(false);
  });

  test.for([
    ["another file system", ["-t", "tmpfs", "none"]],
    ["the same file system", ["--bind", "/var/tmp"]],
  ] as const)("is swapped from inside where it is a mount point of %s", async ([_, args], t) => {
    if (!isRoot) skipBecause(t, "only root can mount");
    const live = await makeLive();
    await withMount(live, args, async () => {
      expect(await inspect(live)).toMatchObject({
        form: "inside",
        roomIn: live,
        names: { beside: `${live}/.restorable-new-one`, superseded: `${live}/.restorable-org-20261121T010000Z` },
      });
    });
  });

  test("is refused where neither it nor its parent may be written", async (t) => {
    if (!isRoot) skipBecause(t, "needs a read-only mount");
    const live = await makeLive();
    await withMount(path.dirname(live), ["-t", "tmpfs", "none"], async () => {
      await mkdir(live);
      await run("mount", ["-o", "remount,ro", path.dirname(live)]);
      await expect(inspect(live)).rejects.toMatchObject({ code: "too-few-rights" });
    });
  });

  test("may not be a link, a file, or have another mount below it", async (t) => {
    const live = await makeLive();
    await symlink(live, `${live}-link`);
    await expect(inspect(`${live}-link`)).rejects.toMatchObject({
      code: "cannot-swap",
      fact: expect.stringContaining(live),
    });
    await writeFile(`${live}-file`, "x");
    await expect(inspect(`${live}-file`)).rejects.toMatchObject({ code: "cannot-swap" });
    await expect(inspect("/srv/no such parent/data")).rejects.toMatchObject({ code: "missing-directory" });
    if (!isRoot) skipBecause(t, "only root can mount");
    const below = path.join(live, "odd name");
    await mkdir(below);
    await withMount(below, ["-t", "tmpfs", "none"], async () => {
      await expect(inspect(live)).rejects.toMatchObject({ code: "cannot-swap", fact: expect.stringContaining(below) });
    });
  });

  test("may not have the names taken", async () => {
    const live = await makeLive();
    await mkdir(`${live}_new_one`);
    await expect(inspect(live)).rejects.toMatchObject({ code: "target-not-empty" });
    await symlink("nowhere", `${live}_org_20261121T010000Z`);
    await expect(inspectTarget(live, "two", at)).rejects.toMatchObject({ code: "target-not-empty" });
  });

  test.each(["/", "/home", "/etc", "/srv", "/var/lib", "/usr/lib", "/proc/1", "/dev/shm", "/var/lib/docker/volumes"])(
    "may not be %s",
    async (directory) => {
      await expect(inspect(directory)).rejects.toMatchObject({ code: "cannot-swap" });
    },
  );

  test("may not be the system's by another name", async () => {
    const directory = await tempDir("alias");
    await symlink("/", path.join(directory, "root"));
    await expect(inspect(path.join(directory, "root", "home"))).rejects.toMatchObject({ code: "cannot-swap" });
  });
});

test("a directory of its own is empty or does not exist", async () => {
  const live = await makeLive();
  expect((await inspectNewTarget(live, "one", at)).names.existed).toBe(false);
  await writeFile(path.join(live, "file"), "x");
  await expect(inspectNewTarget(live, "one", at)).rejects.toMatchObject({
    code: "target-not-empty",
    fact: expect.stringContaining("'file'"),
  });
});

test("a directory that is read must be one", async () => {
  const live = await makeLive();
  await requireDirectory(live);
  await writeFile(`${live}/file`, "x");
  await expect(requireDirectory(`${live}/file`)).rejects.toMatchObject({ code: "missing-directory" });
  await expect(requireDirectory(`${live}/none`)).rejects.toMatchObject({ code: "missing-directory" });
});

describe("room", () => {
  const counts = { files: 10, directories: 1, symlinks: 0, hardLinks: 0, other: 0, bytes: 1_000 };

  test("is there for little, and not for more than the disk", async () => {
    const live = await makeLive();
    await requireRoom(live, counts);
    await expect(requireRoom(live, { ...counts, bytes: 2 ** 50 })).rejects.toMatchObject({ code: "no-room" });
    await expect(requireRoom(live, { ...counts, files: 2 ** 40 })).rejects.toMatchObject({ code: "no-room" });
  });

  test("counts inodes too", async (t) => {
    if (!isRoot) skipBecause(t, "only root can mount");
    const live = await makeLive();
    await withMount(live, ["-t", "tmpfs", "-o", "nr_inodes=8", "none"], async () => {
      await expect(requireRoom(live, counts)).rejects.toMatchObject({
        code: "no-room",
        fact: expect.stringContaining("more files"),
      });
    });
  });
});
