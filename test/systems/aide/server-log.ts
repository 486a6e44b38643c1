import { type Aide, DATABASE } from "./aide.ts";

/** What the server's log says of one time when the live database got another name or went. */
export interface Turn {
  readonly at: Date;
  readonly statement: string;
  /** Sessions in it at that moment. */
  readonly inside: readonly string[];
}

const TURN = new RegExp(`ALTER DATABASE "?${DATABASE}"? RENAME|DROP DATABASE (IF EXISTS )?"?${DATABASE}"?( |$)`);
const ENTERED = new RegExp(`connection authorized: .*database=${DATABASE}( |$)`);
const REFUSED = /FATAL: .*(is not currently accepting connections|does not exist)/;
type Line = Awaited<ReturnType<Aide["log"]>>[number];

/**
 * Every rename and drop of the live database so far. A session counts as inside when it had been let in before and its
 * end is not in the log until the next one is let in: who is ended writes that line when it is gone already.
 */
export const turns = async (aide: Aide): Promise<readonly Turn[]> => turnsIn(await aide.log());

export const turnsIn = (lines: readonly Line[]): readonly Turn[] => {
  const entries = entriesIn(lines);
  const found: Turn[] = [];
  const open = new Set<string>();
  for (const [index, [at, pid, , text]] of lines.entries()) {
    if (entries.has(index)) open.add(pid);
    if (text.includes("disconnection:")) open.delete(pid);
    if (!text.includes("statement:") || !TURN.test(text)) continue;
    const around = [...entries];
    const shut = lines.slice(
      around.findLast((place) => place < index) ?? 0,
      around.find((place) => place > index),
    );
    const ended = new Set(shut.filter((line) => line[3].includes("disconnection:")).map((line) => line[1]));
    found.push({
      at: new Date(at.replace(" UTC", "Z").replace(" ", "T")),
      statement: text,
      inside: [...open].filter((each) => !ended.has(each)),
    });
  }
  return found;
};

/** Where somebody was let in. Who is turned away is authorized first, too, and has no end in the log. */
const entriesIn = (lines: readonly Line[]): ReadonlySet<number> => {
  const next = new Map<string, string>();
  const found: number[] = [];
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const [, pid, , text] = lines[index] as Line;
    if (ENTERED.test(text) && !REFUSED.test(next.get(pid) ?? "")) found.unshift(index);
    next.set(pid, text);
  }
  return new Set(found);
};
