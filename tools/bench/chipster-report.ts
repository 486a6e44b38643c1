import type { ChipsterFiles, Side, Step } from "./chipster-files.ts";
import { RESTIC_SCRIPTS } from "./raw.ts";
import { mebibytes, row } from "./report.ts";

const HEADING = "## Chipster's files";

const megabytes = (bytes: number): string =>
  `${(bytes / 1_000_000).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;
const sideText = ({ seconds, stored }: Side, { kind }: Step): string =>
  kind === "restore"
    ? `${seconds.toFixed(1)} s`
    : `${seconds.toFixed(1)} s, stored ${megabytes(stored.bytes)} in ${stored.files.toLocaleString("en")} objects`;

/** The section about the files of a file-storage. */
export const chipsterSection = ({ tree, steps, peak, loads }: ChipsterFiles, machine: readonly string[]): string =>
  `${[
    HEADING,
    "",
    `One run, both sides in turns, once each, into the same S3 store on this machine: ${tree.files.toLocaleString("en")} files of ${megabytes(tree.bytes)}, named and spread as \`file-storage\` does (most are small, most bytes are in few). The change: half a percent of new files, with half a percent of the bytes, and half as many removed. After it, both restored trees were compared with the live one byte for byte, outside of the times.`,
    "",
    row(["", "restic alone", "Restorable, `store: { incremental: {} }`", "ratio"]),
    row(["---", "---", "---", "---"]),
    ...steps.map((step) => {
      const { what, raw, ours } = step;
      return row([what, sideText(raw, step), sideText(ours, step), (ours.seconds / raw.seconds).toFixed(2)]);
    }),
    "",
    "The restic side, with its cache, which Restorable's jobs do without:",
    "",
    "```sh",
    ...Object.values(RESTIC_SCRIPTS),
    "```",
    "",
    "Restorable does besides: a lease, the snapshot's files counted from its listing, a signed manifest, the stored password read back; at a restore signature and digests before, and every file and byte counted after. What restic does besides: its `--verify` reads every restored file once more.",
    "",
    `The runner's own process held at most ${mebibytes(peak)}; restic's is not in it. Where the load is far above the number of cores, others worked on the machine as well: take the ratios, and those with a grain of salt. Load average before, and after each step: ${loads.map((load) => load.toFixed(1)).join(", ")}, on:`,
    "",
    ...machine.map((line) => `- ${line}`),
    "",
    "`npm run bench -- --only chipster-files` measures this again, and nothing else; it needs four times the tree's room. `--storage-files N --storage-megabytes N` change the size.",
  ].join("\n")}\n`;

/** The section as an earlier run wrote it; nothing where none did. */
export const keptSection = (page: string): string => {
  const at = page.indexOf(`\n${HEADING}\n`);
  return at < 0 ? "" : page.slice(at + 1);
};

/** The same page with another section. */
export const withSection = (page: string, section: string): string =>
  section === "" ? page : `${page.slice(0, page.length - keptSection(page).length).trimEnd()}\n\n${section}`;
