import { formatBytes, formatProgress, formatSeconds, progressLines } from "../launch/index.ts";
import type { Progress } from "../spec/index.ts";

/** Shows progress until `done`. */
export interface ProgressView {
  readonly show: (line: Progress) => void;
  /** Leaves the terminal as an ordinary line ends. */
  readonly done: () => void;
}

interface Screen {
  readonly err: (text: string) => void;
  readonly terminal: boolean;
  readonly columns: number;
}

/** One redrawn line on a terminal; elsewhere whole lines, each ended by a newline. */
export const progressView = (screen: Screen): ProgressView =>
  screen.terminal ? redrawn(screen) : { show: progressLines(screen.err), done: () => undefined };

const CLEAR = "\r\u001b[2K";
const BAR = 24;

const redrawn = ({ err, columns }: Screen): ProgressView => {
  let open = false;
  const draw = (text: string) => {
    err(`${CLEAR}${cut(oneLine(text), columns - 1)}`);
    open = true;
  };
  const finish = () => {
    if (open) err("\n");
    open = false;
  };
  return {
    show: (line) => {
      if (line.type === "progress") return draw(progressText(line, columns));
      finish();
      if (line.type === "warning") return err(`${oneLine(formatProgress(line))}\n`);
      draw(line.text);
    },
    done: finish,
  };
};

const progressText = (line: Extract<Progress, { type: "progress" }>, columns: number): string => {
  const { text, bytes, total, bytesPerSecond, secondsLeft } = line;
  if (total === undefined || total <= 0) return formatProgress(line);
  const share = Math.min(1, bytes / total);
  const filled = Math.round(share * BAR);
  const bar = `[${"#".repeat(filled)}${".".repeat(BAR - filled)}] ${String(Math.floor(share * 100)).padStart(3)}%`;
  const numbers = [
    `${formatBytes(bytes)} of ${formatBytes(total)}`,
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(secondsLeft === undefined ? [] : [`${formatSeconds(secondsLeft)} left`]),
  ].join(", ");
  // The numbers matter more than the sentence, so that is what a narrow terminal cuts.
  const room = columns - 1 - bar.length - numbers.length - 4;
  return room < 10 ? `${bar}  ${numbers}` : `${cut(text, room)}  ${bar}  ${numbers}`;
};

const oneLine = (text: string): string => text.replace(/\s*[\r\n]+\s*/g, " ");

const cut = (text: string, width: number): string => {
  const letters = [...text];
  return letters.length <= width ? text : `${letters.slice(0, Math.max(0, width - 1)).join("")}…`;
};
