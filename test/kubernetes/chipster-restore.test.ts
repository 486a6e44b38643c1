import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERROR_CODES } from "../../spec/index.ts";
import { waitFor } from "../support/wait-for.ts";
import { Chipster, generatePasswords } from "../systems/chipster/chipster.ts";
import { archiveDatabase } from "../systems/chipster/database-archives.ts";
import { archiveFiles, GpgHome, LARGE } from "../systems/chipster/file-archives.ts";
import { ChipsterDeployment, OLD } from "./support/chipster-deployment.ts";
import type { ChipsterSite } from "./support/chipster-site.ts";

const FILES = 60;
const OPENED = `the work of years: ${FILES} files, mapped 7 reads`;

let deployment: ChipsterDeployment;
let chipster: Chipster;
let prod: ChipsterSite;
const restore = (...args: readonly string[]) => deployment.restore("sessions", ...args);
const restored = (...args: readonly string[]) => deployment.restored("sessions", ...args);

beforeAll(async () => {
  deployment = await ChipsterDeployment.make({ files: FILES, databases: ["session-db"] });
  ({ chipster, prod } = deployment);
  await prod.up();
  await prod.answer("backup", "--plan", "sessions");
});
afterAll(() => deployment?.remove());

describe("Chipster's restores · kubernetes, postgres 17, versitygw", () => {
  test("[chipster.11] a restore that fails after everything was scaled to none gives every replica back, on its old data", async () => {
    const databases = (like: string) =>
      chipster.sql("session-db", `SELECT datname FROM pg_database WHERE datname LIKE '${like}'`, "postgres");
    const failing = restore("--id", "trapped");
    // In the way of the swap, which comes last: a database of the name under which the live one will be kept.
    const beside = await waitFor("the copy beside", async () => (await databases("session_db_db_new_%")) || undefined, {
      seconds: 300,
      every: 200,
    });
    const trap = beside.replace("_new_", "_org_");
    await chipster.sql("session-db", `CREATE DATABASE ${trap}`, "postgres");
    const { out, err } = await failing;
    expect(JSON.parse(out), err).toMatchObject({ ok: false, error: { code: "cannot-swap" } });
    expect(JSON.parse(out).downtimeSeconds).toBeGreaterThan(0);
    expect(await chipster.replicas()).toEqual(chipster.running);
    await chipster.isRunning();
    expect(await chipster.open(OLD)).toBe(OPENED);
    await chipster.check();
    await chipster.sql("session-db", `DROP DATABASE ${trap}`, "postgres");
    expect(await databases("session_db_db_%")).toBe("");
  });

  test("[chipster.10] the database only, the files only, one file back in its place, one table: each as it was, and nothing else", async () => {
    const [file = ""] = (await chipster.exec("bash", "-c", "cd storage; find old -type f | sort")).split("\n");
    const sum = await chipster.exec("sha512sum", `storage/${file}`);
    await chipster.exec("bash", "-c", `rm "storage/${file}"; echo newer > storage/made-since`);
    const one = await restored("--source", "storage", "--path", file, "--in-place", "--id", "one-file");
    expect(one).toMatchObject({ ok: true, request: { only: { paths: [file] } } });
    expect(await chipster.exec("sha512sum", `storage/${file}`)).toBe(sum);
    expect(await chipster.exec("cat", "storage/made-since")).toContain("newer");
    expect(one.notes.join("\n")).toMatch(/1 of the point's \d+ files in 'storage', 4096 of \d+ bytes/);

    const table = await restored("--table", "job", "--database", "session_check", "--id", "one-table");
    expect(table).toMatchObject({ ok: true, downtimeSeconds: 0 });
    const tables = "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'";
    expect(await chipster.sql("session-db", tables, "session_check")).toBe("job");
    const jobs = "SELECT count(*) FROM job";
    expect(await chipster.sql("session-db", jobs, "session_check")).not.toBe("0");

    await chipster.sql("session-db", "DELETE FROM job");
    const rows = await restored("--source", "session-db", "--id", "database-only");
    expect(rows.checks.every(({ name }) => !name.startsWith("storage"))).toBe(true);
    expect(await chipster.sql("session-db", jobs)).toBe(await chipster.sql("session-db", jobs, "session_check"));
    expect(await chipster.exec("cat", "storage/made-since")).toContain("newer");

    const files = await restored("--source", "storage", "--volume", "files-only", "--id", "files-only");
    expect(files).toMatchObject({ ok: true, downtimeSeconds: 0 });
    expect(files.checks.length).toBeGreaterThan(0);
    expect(files.checks.every(({ name }) => name.startsWith("storage"))).toBe(true);
    expect(await chipster.exec("cat", "storage/made-since")).toContain("newer");
    expect(await chipster.open(OLD)).toBe(OPENED);
  });

  test("[chipster.10] rows and files are lost: one request brings both back, and every replica", async () => {
    await chipster.sql("session-db", "TRUNCATE session, file, job");
    // Somebody writes there meanwhile.
    await chipster.exec("bash", "-c", "until rm -rf storage/*; do :; done");
    await expect(chipster.open(OLD)).rejects.toThrow(/cannot open/);
    expect(await restored("--id", "both")).toMatchObject({ ok: true });
    expect(await chipster.replicas()).toEqual(chipster.running);
    await chipster.isRunning();
    expect(await chipster.open(OLD)).toBe(OPENED);
    await chipster.check();
  });

  test("production onto uat by the first `pulumi up` there: its rows and files, uat's own passwords, and production goes on", async () => {
    const own = await Chipster.deploy(`${chipster.namespace}-uat`, generatePasswords(), ["session-db"]);
    const uat = await deployment.uat(own);
    try {
      await own.seed("of-uat", 5);
      const { id } = await deployment.newest("sessions");
      const generations = ["get", "deployments,statefulsets", "--output", "jsonpath={.items[*].metadata.generation}"];
      const before = await chipster.kubectl(...generations);
      await uat.request({ id: "from-prod", plan: "sessions", from: { environment: "prod" }, into: { replace: {} } });
      await uat.up();
      expect((await uat.stack.outputs()).record).toMatchObject({ ok: true, from: { environment: "prod", point: id } });
      expect(await own.replicas()).toEqual(own.running);
      await own.isRunning();
      const sessions = "SELECT session, count(*) FROM file WHERE session IN ('of-uat', 'old') GROUP BY 1";
      expect(await own.sql("session-db", sessions)).toBe(`${OLD}|${FILES}`);
      await own.check();
      // Who has production's rows has not its passwords: its sessions stay closed.
      await expect(own.open(OLD)).rejects.toThrow(/cannot open/);
      expect(await chipster.kubectl(...generations)).toBe(before);
      expect((await deployment.newest("sessions")).id).toBe(id);
    } finally {
      uat.close();
      await own.remove();
    }
  });

  describe("what its own backup archived", () => {
    let gpg: GpgHome;
    let keyFile: string;

    beforeAll(async () => {
      gpg = await GpgHome.make();
      const identity = await gpg.generate("chipster-backup");
      keyFile = path.join(deployment.directory, "private-key.asc");
      await writeFile(keyFile, identity, { mode: 0o600 });
      await prod.setSecrets({ identity });
    });
    afterAll(async () => {
      await prod.setSecrets({ identity: prod.identity });
      await gpg.close();
    });

    test("[chipster.5] [chipster.9] nothing before its last object, a flipped bit by its file, then files into a claim of their own", async () => {
      const tree = await mkdtemp(path.join(deployment.directory, "archived-"));
      const names = ["0a1b", "0a2c", "ff00"];
      for (const name of names) await mkdir(path.join(tree, name.slice(0, 2)), { recursive: true });
      for (const name of names) await writeFile(path.join(tree, name.slice(0, 2), name), randomBytes(LARGE / 2));
      const encrypt = ["--recipient", "chipster-backup", "--always-trust", "--encrypt"];
      const { tars, infoKey, info } = await archiveFiles(gpg, tree, "2021-03-01T01:10:00.123Z", { encrypt });
      for (const [key, body] of tars) await prod.write(key, body);
      const wanted = ["--object", infoKey, "--unverified", "--source", "storage", "--volume", "old-files"];
      const early = await restore("--id", "too-early", ...wanted);
      expect(early.exit).toBe(ERROR_CODES["unknown-point"].exit);
      await prod.write(infoKey, info);

      const [[key, body] = ["", Buffer.of()]] = [...tars];
      const flipped = Buffer.from(body);
      const middle = flipped.length >> 1;
      flipped.writeUInt8(flipped.readUInt8(middle) ^ 1, middle);
      await prod.write(key, flipped);
      const readWith = ["--plan", "sessions", "--object", infoKey, "--identity", keyFile, "--json"];
      const read = await prod.restorable("verify", ...readWith);
      expect([read.exit, read.json()]).toMatchObject([
        ERROR_CODES.corrupt.exit,
        { checks: [{ name: infoKey, ok: false, detail: expect.stringMatching(/0a1b|0a2c|ff00/) }] },
      ]);
      await prod.write(key, body);

      const { ok, checks } = await restored("--id", "old-files", ...wanted);
      expect(ok).toBe(true);
      const bytes = (names.length * LARGE) / 2;
      for (const [noun, detail] of Object.entries({ files: names.length, directories: 3, bytes }))
        expect(checks).toContainEqual({ name: `storage: ${noun}`, ok: true, detail: `${detail}, as in the manifest` });
      expect(await chipster.kubectl("get", "pvc", "old-files", "--output", "jsonpath={.status.phase}")).toBe("Bound");
    });

    test("[chipster.12] dumps with --clean and without load to the same rows", async () => {
      await chipster.sql("session-db", "CREATE TABLE kept AS SELECT n, md5(n::text) FROM generate_series(1, 300) n");
      const rows = "SELECT count(*), md5(string_agg(kept::text, ',' ORDER BY n)) FROM kept";
      const server = ["exec", "chipster-session-db-postgresql-0", "--", "pg_dump", "--username=postgres"];
      for (const [day, database, options] of [
        ["02", "from_plain", []],
        ["03", "from_clean", ["--clean"]],
      ] as const) {
        const dump = `${await chipster.kubectl(...server, ...options, "session_db_db")}\n`;
        expect(dump.includes("DROP TABLE")).toBe(options.length > 0);
        const made = await archiveDatabase(gpg, Buffer.from(dump), `2021-03-${day}T01:10:00.123Z`);
        await prod.write(made.tarKey, made.tar);
        await prod.write(made.infoKey, made.info);
        const wanted = ["--object", made.infoKey, "--unverified", "--source", "session-db", "--database", database];
        expect(await restored("--id", database, ...wanted)).toMatchObject({ ok: true });
        expect(await chipster.sql("session-db", rows, database)).toBe(await chipster.sql("session-db", rows));
      }
      await chipster.sql("session-db", "DROP TABLE kept");
    });
  });
});
