import { z } from "zod";
import * as spec from "../../spec/index.ts";

const DOCUMENTS = {
  plan: spec.plan,
  job: spec.job,
  request: spec.request,
  manifest: spec.manifest,
  "signed-manifest": spec.signedManifest,
  mark: spec.mark,
  proof: spec.proof,
  "signed-proof": spec.signedProof,
  journal: spec.journal,
  result: spec.result,
  launch: spec.launch,
  "colonies-result": spec.coloniesResult,
  progress: spec.progress,
} as const satisfies Record<string, z.ZodType>;

/** File name → text, as they are committed under `spec/json-schema/`. What may be left out is not required. */
export const jsonSchemas = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(DOCUMENTS).map(([name, schema]) => [
      `${name}.json`,
      `${JSON.stringify({ title: name, ...z.toJSONSchema(schema, { io: "input", reused: "ref" }) }, null, 2)}\n`,
    ]),
  );
