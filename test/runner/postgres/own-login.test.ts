import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMissingRoles } from "../../../runner/postgres/create-roles.ts";
import type { Globals } from "../../../runner/postgres/globals.ts";
import { withMaintenance } from "../../../runner/postgres/maintenance.ts";
import { withOwnLogin } from "../../../runner/postgres/own-login.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { loginOf, makeWorld, sourceOn, sql, type World } from "./world.ts";

let server: PostgresServer;
let world: World;

beforeAll(async () => {
  server = await startPostgres();
  world = makeWorld({ postgres: server.password, app: "geheim", other: "prod's" });
});
afterAll(() => server?.stop());

const properties = { database: "app", owner: "postgres", grants: [], settings: [] } as unknown as Globals["properties"];
const globalsWith = (roles: Globals["roles"]): Globals => ({
  version: 1,
  serverMajor: 17,
  passwords: true,
  properties,
  roles,
  memberships: [],
  tablespaces: [],
});

const create = (user: string, globals: Globals) => {
  const source = sourceOn(server, "app", { login: loginOf(user), admin: loginOf("postgres") });
  return withMaintenance(world.context, source, [], (session) =>
    createMissingRoles(session, withOwnLogin(world.context, source, globals), 17),
  );
};

const logsIn = async (user: string, password: string): Promise<boolean> => {
  const client = new pg.Client({ host: server.host, port: server.port, user, password, database: "postgres" });
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  );
};

it("the plan's own login is created with the plan's password where nothing is stored of it", async () => {
  expect(await create("app", globalsWith([]))).toEqual(["created the role 'app'"]);
  expect(await logsIn("app", "geheim")).toBe(true);
  expect(await logsIn("app", "")).toBe(false);
});

it("it gets the plan's password, not the one that the source had, and everything else as the source had it", async () => {
  const [stored] = withOwnLogin(
    world.context,
    sourceOn(server, "app", { login: loginOf("other") }),
    globalsWith([]),
  ).roles;
  const role = { ...stored, name: "other", connectionLimit: 7 } as Globals["roles"][number];
  world.secrets.other = "uat's";
  await create("other", globalsWith([role]));
  expect(await logsIn("other", "prod's")).toBe(false);
  expect(await logsIn("other", "uat's")).toBe(true);
  const [result] = await sql(server, "postgres", "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'other'");
  expect(result?.rows).toEqual([{ rolconnlimit: 7 }]);
});

it("a role that exists keeps its password", async () => {
  await sql(server, "postgres", "CREATE ROLE here LOGIN PASSWORD 'here first'");
  world.secrets.here = "the plan's";
  expect(await create("here", globalsWith([]))).toEqual([]);
  expect(await logsIn("here", "here first")).toBe(true);
});
