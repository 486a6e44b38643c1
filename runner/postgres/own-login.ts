import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import type { PostgresSource } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import type { Globals } from "./globals.ts";
import type { DatabaseRole } from "./roles.ts";

/**
 * The stored roles with the plan's own login among them, with the password that the plan has for it. The application of
 * this target logs in with that; the stored one is the source's, or could not be read. Of the dumps of older tools no
 * role is stored at all.
 */
export const withOwnLogin = (context: Context, { login }: PostgresSource, globals: Globals): Globals => {
  if (!login.password) return globals;
  const password = scramVerifier(context.secret(login.password));
  const stored = globals.roles.find(({ name }) => name === login.user);
  const others = globals.roles.filter((role) => role !== stored);
  return { ...globals, roles: [...others, { ...(stored ?? plainLogin(login.user)), password }] };
};

const plainLogin = (name: string): DatabaseRole => ({
  name,
  superuser: false,
  inherit: true,
  createRole: false,
  createDatabase: false,
  login: true,
  replication: false,
  bypassRls: false,
  connectionLimit: -1,
  settings: [],
  used: true,
});

/** PostgreSQL's own default. */
const ITERATIONS = 4096;

/** What the server keeps of a password (RFC 5803): with it, the password itself gets into no statement and no log. */
export const scramVerifier = (password: string, salt: Buffer = randomBytes(16)): string => {
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, ITERATIONS, 32, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${stored}:${keyed("Server Key").toString("base64")}`;
};
