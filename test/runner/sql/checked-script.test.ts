import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { checkedScript } from "../../../runner/sql/checked-script.ts";
import { JobError } from "../../../spec/index.ts";

const END = "--\n-- PostgreSQL database dump complete\n--\n\n";

/** What runs of a script, in chunks of every size that cuts it somewhere else. */
async function run(script: string, { size = 7, major = 17, superuser = true } = {}) {
  const checked = checkedScript({ major, superuser });
  const bytes = Buffer.from(script);
  const done = text(checked.stream);
  const failed = new Promise<never>((_, reject) => checked.stream.once("error", reject));
  for (let at = 0; at < bytes.length; at += size) checked.stream.write(bytes.subarray(at, at + size));
  checked.stream.end();
  return { out: await Promise.race([done, failed]), checked };
}

const refused = async (script: string): Promise<string> => {
  const error = await run(script + END).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof JobError) return error.fact;
  throw new Error(`not refused: ${script}`);
};

describe("what runs of a script", () => {
  test("all of a dump does, as one transaction of ours, whatever the chunks are", async () => {
    const script = `SET client_encoding = 'UTF8';\nCREATE TABLE public.t (a text DEFAULT ';''\\'); -- it's\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $_$ SELECT '\\! x'; \\! y $x$ $_$;\nCOPY public."t;x" (a) FROM stdin;\n1\\tx\n\\!\n\\.y\n\\.\n/* a /* nested; */ \\! */ ALTER TABLE public.t OWNER TO "the "" owner";\n${END}`;
    for (const size of [1, 2, 3, 5, 64, 100_000]) {
      const { out, checked } = await run(script, { size });
      expect(out.startsWith("BEGIN;\n")).toBe(true);
      expect(out.endsWith("\nCOMMIT;\n")).toBe(true);
      expect(out.replace(/\s+/g, "")).toBe(
        `BEGIN;${script.slice(0, script.indexOf("--\n-- PostgreSQL"))}COMMIT;`.replace(/\s+/g, ""),
      );
      expect(checked.counts()).toEqual([{ schema: "public", table: "t;x", rows: 3 }]);
      expect([...checked.roles()]).toEqual(['the " owner']);
      expect(checked.notes()).toEqual([]);
    }
  });

  test("it says which extensions it creates, and of TimescaleDB the version, which stands in its own rows only", async () => {
    const script = `CREATE EXTENSION IF NOT EXISTS timescaledb WITH SCHEMA public;\nCREATE EXTENSION hstore;\nCOPY _timescaledb_catalog.metadata (key, value, include_in_telemetry) FROM stdin;\ninstall_timestamp\t2026-01-01\tt\ntimescaledb_version\t2.10.0\tf\n\\.\n${END}`;
    for (const size of [1, 5, 100_000]) {
      const { checked } = await run(script, { size });
      expect(checked.extensions()).toEqual([
        { name: "timescaledb", schema: "public", version: "2.10.0" },
        { name: "hstore", schema: "", version: "" },
      ]);
    }
  });

  test("a body with BEGIN ATOMIC and a rule with several commands are one statement each", async () => {
    const body =
      "CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT $1 + 2; END;\nCREATE RULE r AS ON INSERT TO t DO (DELETE FROM x; DELETE FROM y);\n";
    const { out } = await run(body + END);
    expect(out).toContain(body.trim());
  });

  test("databases, transactions, the clearing at the beginning, and restrictions of newer dumps are left out, and it says so", async () => {
    const { out, checked } = await run(
      `\\restrict abc\nDROP DATABASE app;\nCREATE DATABASE app WITH TEMPLATE = template0;\nALTER DATABASE app OWNER TO x;\n\\unrestrict abc\n\\connect app\n\\restrict abc\nALTER TABLE ONLY public.t DROP CONSTRAINT p;\nDROP TABLE public.t;\nDROP SCHEMA public;\nCREATE SCHEMA public;\nCREATE TABLE public.t (a int);\nBEGIN;\nSELECT 1;\nCOMMIT;\nDROP TABLE public.other;\nGRANT CONNECT ON DATABASE app TO x;\n${END}\\unrestrict abc\n`,
    );
    expect(out.replace(/\s+/g, " ").trim()).toBe(
      "BEGIN; CREATE TABLE public.t (a int); SELECT 1; DROP TABLE public.other; COMMIT;",
    );
    expect(checked.notes()).toHaveLength(3);
  });

  test("settings that an older server does not know, and owners where there is no superuser, are left out", async () => {
    const script = `SET transaction_timeout = 0;\nSET lock_timeout = 0;\nCREATE TABLE t ();\nALTER TABLE public.t OWNER TO x;\nCOMMENT ON EXTENSION plpgsql IS '';\n${END}`;
    expect((await run(script, { major: 15, superuser: false })).out.replace(/\s+/g, " ").trim()).toBe(
      "BEGIN; SET lock_timeout = 0; CREATE TABLE t (); COMMIT;",
    );
    expect((await run(script)).out).toContain("transaction_timeout");
  });
});

describe("what does not run", () => {
  test.each([
    ["a shell command", "\\! touch /tmp/x\n"],
    ["one after a statement", "SELECT 1 \\g |sh\n;"],
    ["one in the same line", "SELECT 1; \\! x\n"],
    ["a file", "\\i /etc/passwd\n"],
    ["output to a program", "\\o |sh\n"],
    ["a copy by psql", "\\copy t from program 'sh'\n"],
    ["a variable", "\\set x `sh`\n"],
    ["two databases", "\\connect a\nSET x = 1;\n\\connect b\n"],
    ["a database after data", "CREATE TABLE t ();\n\\connect b\n"],
    ["a COPY from a program", "COPY t FROM PROGRAM 'sh';\n"],
    ["a COPY to a file", "COPY t TO '/tmp/x';\n"],
    ["more after a COPY", "COPY public.t FROM stdin; SELECT 1;\n\\.\n"],
    ["roles", "ALTER ROLE postgres PASSWORD 'x';\n"],
    ["membership", "GRANT pg_execute_server_program TO x;\n"],
    ["settings of the server", "ALTER SYSTEM SET archive_command = 'sh';\n"],
    ["code", "DO $$BEGIN END$$;\n"],
    ["a rollback", "ROLLBACK;\n"],
    ["strings of old", "SET standard_conforming_strings = off;\n"],
    ["the same by a function", "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);\n"],
    ["an encoding with backslashes", "SET client_encoding = 'SJIS';\n"],
    ["a literal of an odd form", "SELECT 1e'\\'' ; \\! x --'\n;"],
    ["a continued literal", "SELECT E'a'\n'\\'' ; \\! x --'\n;"],
    ["an archive", "PGDMP\u0001\u0000\u0000"],
    ["a NUL byte", "SELECT 1\0;"],
  ])("%s", async (_what, script) => {
    expect(await refused(script)).toMatch(/which pg_dump does not write/);
  });

  test.each([
    ["without its last line", "CREATE TABLE t ();\n"],
    ["inside a statement", `CREATE TABLE t (\n${END}`],
    ["inside rows", `COPY public.t (a) FROM stdin;\n1\n${END}`],
    ["inside a literal", `SELECT '${END}`],
    ["with something after its end", `${END}SELECT 1;\n`],
    ["empty", ""],
  ])("a script that was cut: %s", async (_what, script) => {
    await expect(run(script)).rejects.toMatchObject({ code: "corrupt", fact: expect.stringContaining("not whole") });
  });

  test("nothing is committed when the bytes turn out to be wrong", async () => {
    const checked = checkedScript({ major: 17, superuser: true }, () => Promise.reject(new Error("another digest")));
    checked.stream.end(`CREATE TABLE t ();\n${END}`);
    let out = "";
    const end = (async () => {
      for await (const chunk of checked.stream) out += chunk;
    })();
    await expect(end).rejects.toThrow("another digest");
    expect(out).not.toContain("COMMIT");
  });
});
