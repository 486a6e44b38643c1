import { lexer } from "./lexer.ts";
import { unsafe } from "./unsafe.ts";

const NEWLINE = 10;

/** A piece of a script, in its order. */
export type Piece =
  /** `bytes` are as they were written, comments included; `text` is what counts of them. */
  | { readonly kind: "statement"; readonly bytes: Buffer; readonly text: string; readonly line: number }
  /** A command of `psql`, from its backslash to the end of its line. */
  | { readonly kind: "command"; readonly text: string; readonly line: number }
  /** Rows of the COPY statement before. */
  | { readonly kind: "rows"; readonly bytes: Buffer; readonly count: number };

/** Cuts a script into pieces while it goes by; of rows it keeps nothing. */
export interface ScriptReader {
  readonly push: (chunk: Buffer) => readonly Piece[];
  /** Whether the script ended as `pg_dump` ends one: nothing is open, and its last comment says so. */
  readonly isComplete: (lastComment: string) => boolean;
  readonly line: () => number;
}

/** With WITH OIDS, as servers before 12 wrote it. */
const COPY = /^COPY [\s\S]* FROM stdin\s*;$/i;

export const scriptReader = (): ScriptReader => {
  const lex = lexer();
  let mode: "sql" | "copy" | "rows" = "sql";
  let held: Buffer[] = []; // what came of the current statement in earlier chunks
  let [head, length] = ["", 0]; // of the current row in earlier chunks

  const readSql = (chunk: Buffer, from: number, pieces: Piece[]): number => {
    for (let at = from; at < chunk.length; at += 1) {
      const ended = lex.next(chunk[at] as number);
      if (ended === "nothing") continue;
      const text = lex.text();
      if (ended === "command") pieces.push({ kind: "command", text, line: lex.line() - 1 });
      else {
        const bytes = Buffer.concat([...held, chunk.subarray(from, at + 1)]);
        pieces.push({ kind: "statement", bytes, text, line: lex.line() });
        if (COPY.test(text)) mode = "copy";
      }
      held = [];
      lex.clear();
      return at + 1;
    }
    held.push(Buffer.from(chunk.subarray(from)));
    return chunk.length;
  };
  /** The rows begin on the next line. */
  const readCopy = (chunk: Buffer, from: number, pieces: Piece[]): number => {
    const end = chunk.indexOf(NEWLINE, from);
    const rest = chunk.subarray(from, end === -1 ? chunk.length : end + 1);
    if (rest.toString("latin1").trim() !== "") throw unsafe("more on the line of a COPY", lex.line());
    pieces.push({ kind: "rows", bytes: rest, count: 0 });
    if (end === -1) return chunk.length;
    lex.next(NEWLINE);
    mode = "rows";
    return end + 1;
  };
  const readRows = (chunk: Buffer, from: number, pieces: Piece[]): number => {
    let count = 0;
    for (let start = from; ; ) {
      const end = chunk.indexOf(NEWLINE, start);
      const stop = end === -1 ? chunk.length : end;
      if (head.length < 3) head += chunk.toString("latin1", start, Math.min(stop, start + 3));
      length += stop - start;
      if (end === -1) {
        pieces.push({ kind: "rows", bytes: chunk.subarray(from), count });
        return chunk.length;
      }
      lex.countLine();
      const isEnd = head.startsWith("\\.") && (length === 2 || (length === 3 && head.endsWith("\r")));
      [head, length] = ["", 0];
      if (isEnd) {
        pieces.push({ kind: "rows", bytes: chunk.subarray(from, end + 1), count });
        mode = "sql";
        return end + 1;
      }
      count += 1;
      start = end + 1;
    }
  };

  return {
    push: (chunk) => {
      const pieces: Piece[] = [];
      for (let at = 0; at < chunk.length; ) {
        if (mode === "sql") at = readSql(chunk, at, pieces);
        else if (mode === "copy") at = readCopy(chunk, at, pieces);
        else at = readRows(chunk, at, pieces);
      }
      return pieces;
    },
    isComplete: (lastComment) => mode === "sql" && lex.isAtRest() && lex.lastComment() === lastComment,
    line: lex.line,
  };
};
