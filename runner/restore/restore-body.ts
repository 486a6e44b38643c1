import type { ResultOf } from "../../spec/index.ts";

/** What every action on a restore answers. */
export type RestoreBody = Pick<
  ResultOf<"restore">,
  "kind" | "step" | "point" | "quiesced" | "stopped" | "holder" | "record" | "selected"
>;
