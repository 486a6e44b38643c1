import type { TableCount } from "../../spec/index.ts";

const NEWLINE = 10;
const COPY = Buffer.from("COPY ");
const END_OF_ROWS = Buffer.from("\\.");

/** Counts the rows of a script's COPY blocks while the script goes by; it keeps no more than one statement's head. */
export interface CopyRowCounter {
  readonly push: (chunk: Buffer) => void;
  readonly counts: () => readonly TableCount[];
}

/** A counter for the output of `pg_restore --file=-`. */
export const copyRowCounter = (): CopyRowCounter => {
  const counts: TableCount[] = [];
  let rows: number | undefined; // undefined: outside of a COPY block
  let statement = ""; // a COPY statement that has not ended yet: names may hold line breaks
  let head = Buffer.alloc(0); // what came of the current line in earlier chunks, as far as it can matter
  let length = 0; // of the current line in earlier chunks

  const endOfLine = (line: Buffer): void => {
    if (rows !== undefined) {
      if (!line.equals(END_OF_ROWS)) rows += 1;
      else rows = finishBlock(rows);
      return;
    }
    if (statement === "" && !line.subarray(0, COPY.length).equals(COPY)) return;
    statement += `${statement === "" ? "" : "\n"}${line.toString("utf8")}`;
    if (!isComplete(statement)) return;
    counts.push({ ...parseCopy(statement), rows: 0 });
    statement = "";
    rows = 0;
  };
  const finishBlock = (found: number): undefined => {
    const last = counts.pop();
    if (last) counts.push({ ...last, rows: found });
  };
  const keep = (rest: Buffer): void => {
    length += rest.length;
    const matters = statement !== "" || (rows === undefined && couldBeCopy(head, rest));
    const room = matters ? rest.length : Math.max(0, 8 - head.length);
    if (room > 0) head = Buffer.concat([head, rest.subarray(0, room)]);
  };

  return {
    push: (chunk) => {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        const part = chunk.subarray(from, at);
        if (length === 0) endOfLine(part);
        else {
          keep(part);
          endOfLine(head);
          head = Buffer.alloc(0);
          length = 0;
        }
        from = at + 1;
      }
      if (from < chunk.length) keep(chunk.subarray(from));
    },
    counts: () => counts,
  };
};

/** Only the first bytes of a line tell; long lines of other statements are not kept. */
const couldBeCopy = (head: Buffer, rest: Buffer): boolean => {
  const start = Buffer.concat([head.subarray(0, COPY.length), rest.subarray(0, COPY.length)]).subarray(0, COPY.length);
  return COPY.subarray(0, start.length).equals(start);
};

const isComplete = (statement: string): boolean =>
  statement.endsWith(" FROM stdin;") && (statement.split('"').length - 1) % 2 === 0;

const NAME = String.raw`(?:"((?:[^"]|"")+)"|([^\s."(]+))`;
const TARGET = new RegExp(`^COPY ${NAME}\\.${NAME}`);

const parseCopy = (statement: string): { schema: string; table: string } => {
  const found = TARGET.exec(statement);
  if (!found) throw new Error(`a COPY statement that is not understood: ${statement.slice(0, 200)}`);
  const name = (quoted?: string, bare?: string): string => quoted?.replaceAll('""', '"') ?? bare ?? "";
  return { schema: name(found[1], found[2]), table: name(found[3], found[4]) };
};
