import type { RestoreJob } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { clean } from "../restore/clean.ts";
import { emptying } from "../restore/emptying.ts";
import { finish } from "../restore/finish.ts";
import { open } from "../restore/open.ts";
import { prepare } from "../restore/prepare.ts";
import { quiescing } from "../restore/quiescing.ts";
import { recover } from "../restore/recover.ts";
import type { RestoreBody } from "../restore/restore-body.ts";
import { rollback } from "../restore/rollback.ts";
import { state } from "../restore/state.ts";
import { swap } from "../restore/swap.ts";

/** One action on the journal of one restore. */
export const restore = (context: Context, job: RestoreJob): Promise<RestoreBody> => {
  switch (job.action) {
    case "prepare":
      return prepare(context, job);
    case "quiescing":
      return quiescing(context, job);
    case "emptying":
      return emptying(context, job);
    case "swap":
      return swap(context, job);
    case "finish":
      return finish(context, job);
    case "recover":
      return recover(context, job);
    case "rollback":
      return rollback(context, job);
    case "open":
      return open(context, job);
    case "state":
      return state(context, job);
    case "clean":
      return clean(context, job);
  }
};
