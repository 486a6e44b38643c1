import { unsafe } from "./unsafe.ts";

const [NEWLINE, RETURN, TAB, SPACE] = [10, 13, 9, 32];
const [QUOTE, DOUBLE, DOLLAR, OPEN, CLOSE, STAR, DASH, SLASH, SEMICOLON, BACKSLASH] = [
  39, 34, 36, 40, 41, 42, 45, 47, 59, 92,
];

/** Bytes of code that are kept of one statement: a table of 1,600 columns needs less. */
const LONGEST = 1 << 20;

export const COMPLETE = "-- PostgreSQL database dump complete";

type State = "code" | "string" | "escaped" | "identifier" | "tag" | "dollar" | "line" | "block" | "command";

/** What a byte has ended. */
export type Ended = "nothing" | "statement" | "command";

/**
 * Follows a script byte by byte as `psql` does, so that both agree on where statements end and commands begin. Where
 * they might not agree, in ways that `pg_dump` never writes, it refuses the script.
 */
export interface Lexer {
  readonly next: (byte: number) => Ended;
  /** The statement or command so far: without comments, its literals empty, its quoted names as they are. */
  readonly text: () => string;
  /** The comment line that stands last before the end, where nothing came after it. */
  readonly lastComment: () => string;
  /** Outside of everything that has to be closed. */
  readonly isAtRest: () => boolean;
  readonly line: () => number;
  /** A line that is not the lexer's business has gone by. */
  readonly countLine: () => void;
  /** Forgets the text: another one begins. */
  readonly clear: () => void;
}

const isWord = (byte: number): boolean =>
  (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) || byte === 95 || byte > 127;

const isSpace = (byte: number): boolean =>
  byte === SPACE || byte === NEWLINE || byte === TAB || byte === RETURN || byte === 11 || byte === 12;

/** Only these may stand right before a quote. */
const PREFIXES = new Set(["", "e", "b", "x", "n"]);

export const lexer = (): Lexer => {
  let state: State = "code";
  let [text, word, comment, lastComment, tag, found] = ["", "", "", "", "", ""];
  let [depth, nested, begins, line, previous] = [0, 0, 0, 1, 0];
  let [skip, afterEscaped] = [false, false];

  const add = (byte: number): void => {
    if (text.length < LONGEST && (text !== "" || !isSpace(byte))) text += String.fromCharCode(byte);
  };
  /** Bodies of SQL functions may be written as BEGIN ATOMIC … END, with semicolons in them. */
  const endWord = (): void => {
    const name = word.toUpperCase();
    word = "";
    if (depth > 0 || !/^(BEGIN|CASE|END)$/.test(name)) return;
    if (!/^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)\b/i.test(text.slice(0, 60).replace(/\s+/g, " "))) return;
    if (name === "BEGIN" || (name === "CASE" && begins > 0)) begins += 1;
    if (name === "END" && begins > 0) begins -= 1;
  };

  const code = (byte: number): Ended => {
    if (isWord(byte)) {
      word += String.fromCharCode(byte);
      add(byte);
      previous = byte;
      return clean();
    }
    const before = word;
    endWord();
    if (byte === QUOTE) {
      if (!PREFIXES.has(before.toLowerCase()) || (afterEscaped && before === ""))
        throw unsafe("a literal of an odd form", line);
      state = before.toLowerCase() === "e" ? "escaped" : "string";
      skip = false;
    } else if (byte === DOUBLE) state = "identifier";
    else if (byte === DOLLAR) {
      if (before !== "") throw unsafe("a dollar sign inside a word", line);
      [state, tag] = ["tag", ""];
      return clean();
    } else if (byte === BACKSLASH) {
      if (text.trim() !== "") throw unsafe("a command of psql inside a statement", line);
      [state, text] = ["command", "\\"];
      return "nothing";
    } else if (byte === DASH && previous === DASH) {
      [state, comment, text] = ["line", "--", text.slice(0, -1)];
      return "nothing";
    } else if (byte === STAR && previous === SLASH) {
      [state, nested, text] = ["block", 1, text.slice(0, -1)];
      previous = 0;
      return "nothing";
    } else if (byte === OPEN) depth += 1;
    else if (byte === CLOSE && depth > 0) depth -= 1;
    add(byte);
    previous = byte;
    if (!isSpace(byte) && byte !== DASH && byte !== SLASH) clean();
    return byte === SEMICOLON && depth === 0 && begins === 0 ? "statement" : "nothing";
  };
  /** Something stands here that is neither white space nor a comment. */
  const clean = (): Ended => {
    afterEscaped = false;
    lastComment = "";
    return "nothing";
  };

  const inString = (byte: number): void => {
    if (skip) skip = false;
    else if (state === "escaped" && byte === BACKSLASH) skip = true;
    else if (byte === QUOTE) {
      afterEscaped = state === "escaped";
      state = "code";
      previous = byte;
      add(byte);
    }
  };
  const inTag = (byte: number): void => {
    const isDigit = byte >= 48 && byte <= 57;
    if (byte === DOLLAR) [state, found] = ["dollar", ""];
    else if (isWord(byte) && !(tag === "" && isDigit)) tag += String.fromCharCode(byte);
    else if (isDigit) {
      // `$1` is a parameter.
      state = "code";
      text += "$";
      code(byte);
    } else throw unsafe("a dollar sign that opens nothing", line);
  };
  const inDollar = (byte: number): void => {
    const end = `$${tag}$`;
    found = end.startsWith(found + String.fromCharCode(byte))
      ? found + String.fromCharCode(byte)
      : byte === DOLLAR
        ? "$"
        : "";
    if (found !== end) return;
    [state, previous] = ["code", 0];
    text += "''";
  };
  const inLine = (byte: number): void => {
    if (byte !== NEWLINE) {
      if (comment.length < 100) comment += String.fromCharCode(byte);
      return;
    }
    [state, previous] = ["code", byte];
    if (text.trim() === "" && comment.trim() !== "--") lastComment = comment.trim();
    add(byte);
  };
  const inBlock = (byte: number): void => {
    const [was, now] = [previous, byte];
    previous = byte;
    if (was === SLASH && now === STAR) nested += 1;
    else if (was === STAR && now === SLASH) nested -= 1;
    else return;
    previous = 0;
    if (nested > 0) return;
    state = "code";
    add(SPACE);
  };

  return {
    next: (byte) => {
      if (byte === 0) throw unsafe("a NUL byte", line);
      if (byte === NEWLINE) line += 1;
      switch (state) {
        case "code":
          return code(byte);
        case "string":
        case "escaped":
          inString(byte);
          return "nothing";
        case "identifier":
          add(byte);
          if (byte === DOUBLE) [state, previous] = ["code", byte];
          return "nothing";
        case "tag":
          inTag(byte);
          return "nothing";
        case "dollar":
          inDollar(byte);
          return "nothing";
        case "line":
          inLine(byte);
          return "nothing";
        case "block":
          inBlock(byte);
          return "nothing";
        case "command":
          if (byte !== NEWLINE) add(byte);
          if (byte !== NEWLINE) return "nothing";
          state = "code";
          return "command";
      }
    },
    text: () => text.trim(),
    lastComment: () => lastComment,
    isAtRest: () => state === "code" && text.trim() === "" && depth === 0 && begins === 0,
    line: () => line,
    countLine: () => {
      line += 1;
    },
    clear: () => {
      [text, word, depth, begins, previous] = ["", "", 0, 0, 0];
    },
  };
};
