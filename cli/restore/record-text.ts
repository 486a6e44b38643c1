import { formatBytes } from "../../launch/index.ts";
import { ERROR_CODES, oldKeyOf, onlyText, type RestoreRecord } from "../../spec/index.ts";
import { checkTable } from "../check-table.ts";
import type { Outcome } from "../command.ts";
import { duration, utc } from "../format.ts";
import type { Io } from "../io.ts";
import { fields } from "../table.ts";

/** How a restore ended. */
export const recordOutcome = (io: Io, record: RestoreRecord): Outcome => ({
  json: record,
  text: recordText(io, record),
  exit: record.ok ? 0 : ERROR_CODES[record.error?.code ?? "restore-failed"].exit,
});

const recordText = (io: Io, record: RestoreRecord): string => {
  const { error, from, checks } = record;
  const oldKey = oldKeyOf(record.request.point);
  const end = fields(
    [
      ["restore", `${record.id} ${record.ok ? "is done" : "FAILED"}`],
      ["why", error && `${error.fact} (${error.code})\n${error.hint}`],
      [
        "from",
        `${from.environment}/${from.plan}, ${oldKey === undefined ? "point" : "old object"} ${oldKey ?? from.point ?? "none"}`,
      ],
      ["only", record.request.only && onlyText(record.request.only)],
      ["onto", record.target],
      ["took", `${duration(record.seconds)}, from ${utc(record.started)}`],
      ["downtime", record.downtimeSeconds === 0 ? "none" : duration(record.downtimeSeconds)],
      ["read", record.bytes === 0 ? undefined : formatBytes(record.bytes)],
      ["kept as", record.superseded.join("\n")],
      ["notes", record.notes.join("\n")],
      ["undo", record.ok && record.superseded.length > 0 ? `restorable rollback ${record.id}` : undefined],
    ],
    io,
  );
  return checks.length === 0 ? end : `${checkTable(io, checks)}\n${end}`;
};
