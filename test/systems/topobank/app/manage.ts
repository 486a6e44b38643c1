// `manage.ts migrate [NAME]`: the tables of the first version; with a name, a migration that drops a column, so that
// only an earlier recovery point has what was in it.
import { connected, endOnSignal, ensureBucket, store } from "./environment.ts";

const FIRST = `
  CREATE TABLE IF NOT EXISTS django_migrations (name text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now());
  CREATE TABLE IF NOT EXISTS manager_surface (id bigserial PRIMARY KEY, name text NOT NULL);
  CREATE TABLE IF NOT EXISTS manager_topography (
    id bigserial PRIMARY KEY,
    surface_id bigint NOT NULL REFERENCES manager_surface,
    datafile text NOT NULL UNIQUE,
    description text,
    instrument text
  );
  CREATE TABLE IF NOT EXISTS manager_analysis (
    id bigserial PRIMARY KEY,
    topography_id bigint REFERENCES manager_topography ON DELETE CASCADE
  );
  INSERT INTO manager_surface (name) SELECT 'surface' WHERE NOT EXISTS (SELECT FROM manager_surface);`;

endOnSignal();
const [, , command, name] = process.argv;
if (command !== "migrate") throw new Error(`unknown command ${command}`);
const client = await connected("manage");
await ensureBucket(store());
await client.query(FIRST);
if (name !== undefined) {
  await client.query("BEGIN");
  await client.query("INSERT INTO django_migrations (name) VALUES ($1)", [name]);
  await client.query("ALTER TABLE manager_topography DROP COLUMN IF EXISTS instrument");
  await client.query("COMMIT");
}
await client.end();
console.log(`migrated${name === undefined ? "" : ` to ${name}`}`);
