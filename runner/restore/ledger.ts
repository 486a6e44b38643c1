import {
  canonicalJson,
  JobError,
  type Journal,
  journal as journalSchema,
  ledgerDirectory,
  type Plan,
  parse,
  type RestoreStep,
} from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";

const RESTORES = "restores/";

/** A journal as it was read, with the etag that makes the next write conditional. */
export interface OpenJournal {
  readonly journal: Journal;
  readonly etag: string;
}

/** The target's own record of what was restored onto it: one journal per request. Never in the source's repository. */
export interface Ledger {
  readonly store: Store;
  readonly read: (id: string) => Promise<OpenJournal | undefined>;
  readonly all: () => Promise<readonly OpenJournal[]>;
  /** Throws `request-id-used` when somebody claimed the id a moment before. */
  readonly claim: (journal: Journal) => Promise<OpenJournal>;
  /** Writes the next step before the act that it names is begun, or after the act that it says is done. */
  readonly advance: (open: OpenJournal, step: RestoreStep, change?: Partial<Journal>) => Promise<OpenJournal>;
}

/** Steps after which nothing is left to do. */
export const isOver = ({ step }: Journal): boolean =>
  step === "finished" || step === "undone" || step === "rolled-back";

export const openLedger = (context: Context, plan: Plan): Ledger => {
  const store = openStore(
    context,
    { kind: "directory", path: ledgerDirectory(plan.target) },
    "writer",
    `${plan.repository.environment}/${plan.name}/`,
  );
  const key = (id: string) => `${RESTORES}${id}.json`;
  const readKey = async (name: string): Promise<OpenJournal | undefined> => {
    const got = await store.get(name);
    return got && { journal: parseJournal(got.body, `${store.name}/${name}`), etag: got.etag };
  };
  return {
    store,
    read: (id) => readKey(key(id)),
    all: async () => {
      const found: OpenJournal[] = [];
      for await (const object of store.list(RESTORES)) {
        const open = await readKey(object.key);
        if (open) found.push(open);
      }
      return found.sort((a, b) => (began(a) < began(b) ? -1 : 1));
    },
    claim: async (journal) => {
      const put = await store.put(key(journal.id), canonicalJson(journal), { ifNoneMatch: "*" });
      return { journal, etag: put.etag };
    },
    advance: async ({ journal, etag }, step, change = {}) => {
      const next: Journal = {
        ...journal,
        ...change,
        step,
        steps: [...journal.steps, { step, at: context.now().toISOString() }],
      };
      const put = await store.put(key(journal.id), canonicalJson(next), { ifMatch: etag });
      return { journal: next, etag: put.etag };
    },
  };
};

const began = ({ journal }: OpenJournal): string => journal.steps[0]?.at ?? "";

const parseJournal = (body: Buffer, name: string): Journal => {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new JobError(
      "corrupt",
      `the journal ${name} is not JSON`,
      "nothing was touched; look at the target by hand (the runbook says how), then move this file away",
      { cause },
    );
  }
  return parse(journalSchema, value, name);
};
