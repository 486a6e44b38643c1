/** A logged message: when, as RFC 3339 with up to nine digits of a second, or nothing where that is not known. */
interface Logged {
  readonly at: string;
}

/** Where a reader of a log stands, so that it goes on there after its connection broke. */
export interface LogPosition {
  /** When the last message was logged; empty at the beginning. */
  readonly last: () => string;
  /** Called at each new connection: messages of the last instant come again, and maybe some before. */
  readonly reconnect: () => void;
  /** Whether a message is new. */
  readonly take: (message: Logged) => boolean;
}

export const logPosition = (): LogPosition => {
  let last = "";
  let seen = 0;
  let again = 0;
  let isRepeating = false;
  return {
    last: () => last,
    reconnect: () => {
      again = seen;
      isRepeating = last !== "";
    },
    take: ({ at }) => {
      if (at === last && again > 0) {
        again -= 1;
        return false;
      }
      // Only what comes again is older: a clock that was set back must not silence a job.
      if (isRepeating && at !== last && nanoseconds(at) < nanoseconds(last)) return false;
      isRepeating = false;
      if (at !== last) [last, seen, again] = [at, 0, 0];
      seen += 1;
      return true;
    },
  };
};

/** `2026-11-21T10:00:00.123456789Z` as seconds since 1970 with all nine digits, which no number of JavaScript holds. */
export const unixTime = (at: string): string => {
  const [, seconds = "", fraction = "", zone = "Z"] = /^(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(at) ?? [];
  return `${Date.parse(`${seconds}${zone}`) / 1000}.${fraction.padEnd(9, "0")}`;
};

const nanoseconds = (at: string): bigint => (at === "" ? 0n : BigInt(unixTime(at).replace(".", "")));
