import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { jsonSchemas } from "./schema/json-schemas.ts";

/** Writes the JSON Schema of every document that leaves or enters this project: `npm run schema`. */
const folder = path.resolve(import.meta.dirname, "../spec/json-schema");

await mkdir(folder, { recursive: true });
for (const [file, text] of Object.entries(jsonSchemas())) await writeFile(path.join(folder, file), text);
