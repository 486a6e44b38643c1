import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dumpPostgres } from "../../../runner/postgres/dump.ts";
import { parseGlobals } from "../../../runner/postgres/globals.ts";
import { quoteIdentifier } from "../../../runner/postgres/identifier.ts";
import { runPipeline } from "../../../runner/process/pipeline.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { createSample, ODD, ROLES } from "./sample-database.ts";
import { fileStore, makeWorld, sourceOn, sql, value, type World } from "./world.ts";

let server: PostgresServer;
let world: World;

beforeAll(async () => {
  server = await startPostgres();
  world = makeWorld({ postgres: server.password, app: "app", reader: "reader-password" });
  await sql(server, "postgres", ...ROLES, "CREATE ROLE reader LOGIN PASSWORD 'reader-password'");
  await createSample(server, ODD);
});
afterAll(() => server?.stop());

describe("globals", () => {
  it("hold roles with verifiers, memberships and the database's properties, and run with psql", async () => {
    const directory = await tempDir();
    await dumpPostgres(world.context, sourceOn(server, ODD), fileStore(world.context, directory));
    const text = await readFile(path.join(directory, "db.globals.sql"), "utf8");
    const globals = parseGlobals(text);
    expect(globals.passwords).toBe(true);
    expect(globals.roles.find(({ name }) => name === "app")).toMatchObject({
      login: true,
      connectionLimit: 50,
      comment: "the application's login",
      password: expect.stringMatching(/^SCRAM-SHA-256\$/),
    });
    expect(globals.memberships).toContainEqual({ group: "app_owner", member: "app", admin: true });
    expect(globals.properties).toMatchObject({ database: ODD, owner: "app_owner", connectionLimit: 77 });
    expect(text).toContain(`-- restorable: role "Report \\"user\\""`);

    const fresh = await startPostgres();
    try {
      await sql(fresh, "postgres", `CREATE DATABASE ${quoteIdentifier(ODD)}`);
      const psql = {
        file: path.join(server.bin, "psql"),
        args: ["--no-psqlrc", "--quiet", "--file=-"],
        env: fresh.env(),
      };
      const errors: string[] = [];
      const script = (await import("node:stream")).Readable.from([text]);
      await runPipeline(world.context, [{ ...psql, onErrorLine: (line) => errors.push(line) }], { input: script });
      expect(
        errors.filter((line) => line.includes("ERROR") && !line.includes('role "postgres" already exists')),
      ).toEqual([]);
      const verifier = "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'";
      expect(await value(fresh, "postgres", verifier)).toBe(await value(server, "postgres", verifier));
    } finally {
      await fresh.stop();
    }
  });

  it("that are not ours are refused", () => {
    expect(() => parseGlobals("CREATE ROLE x;\n")).toThrow(/corrupt/);
    expect(() => parseGlobals('-- restorable: properties {"version":2}\n')).toThrow(/corrupt/);
  });
});
