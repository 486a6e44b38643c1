// The web process: a page that answers only when every measurement in the database has its file in the media bucket,
// and a user who uploads one measurement after the other: first the file, then the row, as Django does.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { PutObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import pg from "pg";
import { bucket, connected, connection, endOnSignal, mediaKey, store } from "./environment.ts";

const UPLOAD_EVERY_MS = 250;
const client = store();
endOnSignal();

const files = async (): Promise<ReadonlySet<string>> => {
  const keys = new Set<string>();
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket(), Prefix: mediaKey("") }))
    for (const { Key = "" } of Contents) keys.add(Key);
  return keys;
};

/** How many measurements there are, or why the page cannot be shown. */
const page = async (): Promise<{ status: number; text: string }> => {
  const { rows } = await pool.query<{ datafile: string }>("SELECT datafile FROM manager_topography");
  const there = await files();
  const lost = rows.map(({ datafile }) => datafile).filter((datafile) => !there.has(mediaKey(datafile)));
  if (rows.length === 0) return { status: 503, text: "no measurement" };
  if (lost.length > 0) return { status: 503, text: `no file: ${lost.join(", ")}` };
  return { status: 200, text: `${rows.length} measurements` };
};

const upload = async (): Promise<void> => {
  const name = `topographies/upload-${randomBytes(6).toString("hex")}.dat`;
  await client.send(new PutObjectCommand({ Bucket: bucket(), Key: mediaKey(name), Body: randomBytes(512) }));
  await pool.query("INSERT INTO manager_topography (surface_id, datafile) SELECT min(id), $1 FROM manager_surface", [
    name,
  ]);
};

await (await connected("django")).end();
const pool = new pg.Pool({ ...connection(), application_name: "django", max: 4, min: 2, idleTimeoutMillis: 0 });
pool.on("error", (error) => console.log(String(error)));

createServer(async (_request, response) => {
  const { status, text } = await page().catch((error: unknown) => ({ status: 503, text: String(error) }));
  response.writeHead(status, { "content-type": "text/plain" }).end(`${text}\n`);
}).listen(8000);

for (;;) {
  await upload().catch((error: unknown) => console.log(`upload: ${String(error)}`));
  await pause(UPLOAD_EVERY_MS);
}
