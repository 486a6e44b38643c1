import { formatBytes } from "../../launch/index.ts";
import type { CatalogPoint, Entry } from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { findPlan } from "../find/find-plan.ts";
import { integer, since, utc } from "../format.ts";
import { selectPoint } from "../identity.ts";
import type { Io } from "../io.ts";
import { type AsOlder, olderResult, withAsOlder } from "../older-result.ts";
import { readSelector } from "../point-argument.ts";
import { pointState } from "../point-state.ts";
import { addedText, contentText, removedText, timescaleText } from "../source-text.ts";
import { fields, heading, table } from "../table.ts";

/** Shows one point: what is in it, where it lies, and how to restore it by hand. */
export const show: Definition<AsOlder> = {
  name: "show [point]",
  summary: "show one recovery point, and how to restore it by hand (default: latest)",
  options: withAsOlder,
  run: async (io, options, point): Promise<Outcome> => {
    const found = await findPlan(io, options);
    const selected = await selectPoint(io, found, readSelector(point), true);
    if (options.as) return olderResult(selected.point.manifest, found.repository);
    return { json: { version: 1, ok: true, kind: "show", point: selected.point }, text: pointText(io, selected.point) };
  },
};

const pointText = (io: Io, point: CatalogPoint): string => {
  const { manifest } = point;
  return [
    summary(io, point),
    heading("Sources", io),
    manifest.sources.map((entry) => fields(entryFields(entry), io)).join("\n"),
    heading("Artifacts", io),
    artifactTable(io, point),
    ...tables(io, manifest.sources),
    heading("To restore it by hand", io),
    manifest.commands.map((line) => `${line}\n`).join(""),
  ].join("");
};

const summary = (io: Io, point: CatalogPoint): string => {
  const { manifest, marks, proofs } = point;
  return fields(
    [
      ["point", point.id],
      [
        "of",
        `${manifest.environment}/${manifest.plan}, from ${manifest.project}/${manifest.stack} on ${manifest.host}`,
      ],
      ["begun", `${utc(manifest.started)}, ${since(new Date(manifest.started), io.now())}`],
      ["finished", utc(manifest.finished)],
      ["signature", point.signature],
      ["state", pointState(point).join(", ") || "unproven"],
      ["flags", manifest.flags.map(({ fact }) => fact).join("\n")],
      ["stored", formatBytes(point.storedBytes)],
      ["moment", manifest.moment],
      [
        "tools",
        Object.entries(manifest.tools)
          .map((pair) => pair.join(" "))
          .join(", "),
      ],
      ["recipients", manifest.identity.recipients.join("\n")],
      ["marks", marks.map(({ kind, at, by, reason }) => `${kind} by ${by}, ${utc(at)}: ${reason}`).join("\n")],
      [
        "proofs",
        proofs
          .map(
            ({ proof, signature }) =>
              `${proof.kind} ${proof.ok ? "ok" : "FAILED"}, ${utc(proof.at)}, by ${proof.by} (signature ${signature})`,
          )
          .join("\n"),
      ],
    ],
    io,
  );
};

const entryFields = (entry: Entry): (readonly [string, string | undefined])[] => {
  switch (entry.kind) {
    case "postgres":
      return [
        [entry.name, `database ${entry.database} on ${entry.host}:${entry.port}, PostgreSQL ${entry.server.version}`],
        [
          "",
          `${integer(entry.rows)} rows in ${integer(entry.counts.length)} tables, ${integer(entry.largeObjects)} large objects, ${formatBytes(entry.databaseBytes)} on disk`,
        ],
        ["", timescaleText(entry)],
        ["", removedText(entry)],
        ["", `snapshot at ${utc(entry.snapshot.at)}, WAL position ${entry.snapshot.lsn}`],
        [
          "",
          entry.extensions.length === 0
            ? undefined
            : `extensions ${entry.extensions.map(({ name, version }) => `${name} ${version}`).join(", ")}`,
        ],
      ];
    case "objects":
      return [
        [entry.name, `objects of s3://${entry.bucket}/${entry.prefix}`],
        ["", contentText(entry)],
        ["", entry.changed.length === 0 ? undefined : `${integer(entry.changed.length)} changed while they were read`],
      ];
    case "files":
      return [
        [entry.name, `files in ${entry.directory}`],
        [
          "",
          `${integer(entry.counts.files)} files and ${integer(entry.counts.directories)} directories, ${formatBytes(entry.counts.bytes)}`,
        ],
        ["", entry.snapshot && `restic snapshot ${entry.snapshot.id}, ${addedText(entry)}`],
        ["", entry.changed.length === 0 ? undefined : `${integer(entry.changed.length)} changed while they were read`],
      ];
  }
};

const artifactTable = (io: Io, { manifest: { sources } }: CatalogPoint): string =>
  table(
    [{ name: "KEY" }, { name: "STORED", align: "right" }, { name: "SHA-256" }],
    sources.flatMap(({ artifacts }) => artifacts.map(({ key, bytes, sha256 }) => [key, formatBytes(bytes), sha256])),
    io,
  );

/** The largest tables of a database; more would fill the screen, and --json has them all. */
const SHOWN_TABLES = 10;

const tables = (io: Io, entries: readonly Entry[]): string[] =>
  entries.flatMap((entry) => {
    if (entry.kind !== "postgres" || entry.counts.length === 0) return [];
    const largest = entry.counts.toSorted((a, b) => b.rows - a.rows).slice(0, SHOWN_TABLES);
    const title = entry.counts.length > SHOWN_TABLES ? `Largest tables of ${entry.name}` : `Tables of ${entry.name}`;
    const rows = largest.map(({ schema, table: name, rows }) => [`${schema}.${name}`, integer(rows)]);
    return [heading(title, io), table([{ name: "TABLE" }, { name: "ROWS", align: "right" }], rows, io)];
  });
