import type { LedgerJob, ResultOf } from "../../spec/index.ts";
import type { Found } from "../find/found.ts";
import type { Io } from "../io.ts";
import { runQuietly } from "../run-job.ts";

/** Asks a plan's target for its restores, and with `find` for the point of another one. */
export const readLedger = (
  io: Io,
  { secrets }: Pick<Found, "secrets">,
  job: Pick<LedgerJob, "plan" | "find">,
): Promise<ResultOf<"ledger">> =>
  runQuietly(io, { kind: "ledger", version: 1, ...job }, { secrets, declared: job.plan });
