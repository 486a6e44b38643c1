/** One message of a container's log, as the engine sends it: a line, or a part of a long one. */
export interface LogFrame {
  readonly from: "stdout" | "stderr";
  /** When it was logged, RFC 3339 with nanoseconds; parts of one line have the same instant. */
  readonly at: string;
  readonly text: Buffer;
}

const HEADER = 8;
/** Twenty to thirty characters of time and a space. */
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) /;

/** Cuts the engine's stream into the messages that were logged, whose times it was asked for. */
export const logFrames = (): ((chunk: Buffer) => readonly LogFrame[]) => {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const frames: LogFrame[] = [];
    for (;;) {
      const end = rest.length < HEADER ? Number.POSITIVE_INFINITY : HEADER + rest.readUInt32BE(4);
      if (rest.length < end) return frames;
      frames.push(frameOf(rest[0] === 1 ? "stdout" : "stderr", rest.subarray(HEADER, end)));
      rest = rest.subarray(end);
    }
  };
};

const frameOf = (from: LogFrame["from"], payload: Buffer): LogFrame => {
  const time = TIME.exec(payload.subarray(0, 40).toString("latin1"));
  return time
    ? { from, at: time[1] as string, text: payload.subarray(time[0].length) }
    : { from, at: "", text: payload };
};

/** Where a reader of a log stands, so that it goes on there after its connection broke. */
export interface LogPosition {
  /** What the engine is asked for; undefined at the beginning. */
  readonly since: () => string | undefined;
  /** Called at each new connection: messages of the last instant come again. */
  readonly reconnect: () => void;
  /** Whether a message is new. */
  readonly take: (frame: Pick<LogFrame, "at">) => boolean;
}

export const logPosition = (): LogPosition => {
  let last = "";
  let seen = 0;
  let again = 0;
  return {
    since: () => (last === "" ? undefined : unixTime(last)),
    reconnect: () => {
      again = seen;
    },
    take: ({ at }) => {
      if (at === last && again > 0) {
        again -= 1;
        return false;
      }
      if (at !== last) [last, seen, again] = [at, 0, 0];
      seen += 1;
      return true;
    },
  };
};

/** `2026-11-21T10:00:00.123456789Z` as seconds since 1970 with all nine digits, which no number of JavaScript holds. */
const unixTime = (at: string): string => {
  const [, seconds = "", fraction = ""] = /^(.{19})(?:\.(\d+))?Z$/.exec(at) ?? [];
  return `${Date.parse(`${seconds}Z`) / 1000}.${fraction.padEnd(9, "0")}`;
};
