import { ERROR_CODES } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { confirm } from "../restore/confirm.ts";
import { confirmText } from "../restore/intent.ts";
import { intentChecks } from "../restore/intent-checks.ts";
import { intentText } from "../restore/intent-text.ts";
import { makeIntent } from "../restore/make-intent.ts";
import { recordOutcome } from "../restore/record-text.ts";
import { type RestoreOptions, withRestoreOptions } from "../restore/restore-options.ts";
import { runByPulumi, runHere } from "../restore/run-intent.ts";

/** Restores a point, after it has shown what that means and was told to go on. */
export const restore: Definition<RestoreOptions> = {
  name: "restore [point]",
  summary: "restore a recovery point (default: latest), after showing what will happen",
  options: withRestoreOptions,
  run: async (io, options, point): Promise<Outcome> => {
    const intent = await makeIntent(io, options, point);
    const checks = intentChecks(intent);
    const refused = checks.some(({ ok }) => !ok);
    const { request, plan, found } = intent;
    const expected = confirmText(plan);
    const text = intentText(io, intent, checks);
    if (refused || options.dryRun) {
      const end = refused ? "refused: see what FAILED above" : "dry run: this would be done";
      return {
        json: { version: 1, ok: !refused, kind: "restore-preview", request: { ...request, confirm: expected }, checks },
        text: `${text}${end}; nothing was changed\n`,
        exit: refused ? ERROR_CODES["bad-config"].exit : 0,
      };
    }
    io.err(text);
    const confirmed = { ...request, confirm: await confirm(io, expected, options.confirm) };
    const record =
      found.stack === undefined
        ? await runHere(io, intent, confirmed, options)
        : await runByPulumi(io, confirmed, options);
    return recordOutcome(io, record);
  },
};
