import type { Progress } from "../../spec/index.ts";
import type { Reporter } from "../context.ts";

/** Milliseconds between two progress lines of one step. */
const EVERY = 1_000;

/** NDJSON lines, with the rate and the time left computed from the bytes since a step began. */
export const ndjsonReporter = (write: (line: string) => void, now: () => Date): Reporter => {
  const emit = (line: Progress) => write(`${JSON.stringify(line)}\n`);
  let current = { text: "", began: 0, last: 0, offset: 0 };
  return {
    step: (step, text) => emit({ type: "step", at: now().toISOString(), step, text }),
    warning: (text) => emit({ type: "warning", at: now().toISOString(), text }),
    progress: (step, text, bytes, total) => {
      const time = now().getTime();
      if (text !== current.text) current = { text, began: time, last: time, offset: bytes };
      const finished = total !== undefined && bytes >= total;
      if (time - current.last < EVERY && !finished) return;
      current.last = time;
      emit({
        type: "progress",
        at: now().toISOString(),
        step,
        text,
        bytes,
        ...known(total, "total"),
        ...pace(bytes, total, time - current.began, bytes - current.offset),
      });
    },
  };
};

const known = (value: number | undefined, name: "total") => (value === undefined ? {} : { [name]: value });

const pace = (bytes: number, total: number | undefined, elapsed: number, moved: number) => {
  if (elapsed <= 0 || moved <= 0) return {};
  const bytesPerSecond = (moved / elapsed) * 1000;
  return {
    bytesPerSecond,
    ...(total === undefined ? {} : { secondsLeft: Math.max(0, total - bytes) / bytesPerSecond }),
  };
};
