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
