import Table from "cli-table3";
import type { Entry, Manifest, RestoreRecord } from "../../spec/index.ts";
import { say } from "./say.ts";

export interface Figures {
  readonly manifest: Manifest;
  readonly record: RestoreRecord;
  /** Production's point onto uat. */
  readonly onto: RestoreRecord;
  /** Rows that the application wrote between the backup and the disaster. */
  readonly uploadsLost: number;
  readonly secondsSinceBackup: number;
  readonly checks: readonly string[];
}

const MB = 1_000_000;
const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(0)} MB`;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The closing table: sizes, throughput, what was lost, how long it took, and what was checked. */
export const printFigures = ({ manifest, record, onto, uploadsLost, secondsSinceBackup, checks }: Figures): void => {
  const source = sum(manifest.sources.map(sourceBytes));
  const stored = sum(manifest.sources.flatMap(({ artifacts }) => artifacts).map(({ bytes }) => bytes));
  const seconds = (Date.parse(manifest.finished) - Date.parse(manifest.started)) / 1000;
  const table = new Table({
    head: ["", "figure"],
    style: { head: [], border: [] },
    colWidths: [30, 84],
    wordWrap: true,
  });
  table.push(
    ["database and files", `${megabytes(source)}; ${manifest.sources.map(describe).join("; ")}`],
    ["stored, encrypted", `${megabytes(stored)} (${((stored / source) * 100).toFixed(0)} % of it)`],
    ["backup", `${seconds.toFixed(1)} s, ${(source / MB / seconds).toFixed(0)} MB/s of source`],
    ["lost by the disaster (RPO)", `${uploadsLost} uploads: what the application wrote after the snapshot`],
    [
      "restored in (RTO)",
      `${record.seconds.toFixed(1)} s, ${(source / MB / record.seconds).toFixed(0)} MB/s; ${secondsSinceBackup.toFixed(0)} s after the backup all was as before`,
    ],
    [
      "application down for",
      `${record.downtimeSeconds.toFixed(1)} s of it; onto uat ${onto.downtimeSeconds.toFixed(1)} s of ${onto.seconds.toFixed(1)} s`,
    ],
    ["checked by the restore", record.checks.map(({ name, detail }) => `${name}: ${detail}`).join("\n")],
    ["checked by this demo", checks.join("\n")],
  );
  say.title("What this run showed");
  console.log(table.toString());
};

const sourceBytes = (entry: Entry): number => (entry.kind === "postgres" ? entry.databaseBytes : entry.counts.bytes);

const describe = (entry: Entry): string =>
  entry.kind === "postgres"
    ? `${entry.rows.toLocaleString("en")} rows in ${entry.counts.length} tables and ${entry.largeObjects} large objects`
    : `${(entry.kind === "files" ? entry.counts.files : entry.counts.objects).toLocaleString("en")} ${entry.kind}`;
