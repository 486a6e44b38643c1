import { JobError, type OrphanReport } from "../../spec/index.ts";

type Comparison = Pick<OrphanReport, "rows" | "objects" | "missing" | "extra">;

/**
 * Compares two streams in the order of their bytes, each without holding it: what is only in the first is missing, what
 * is only in the second is extra. Counts are complete; of the names the first `limit` are kept.
 * @throws JobError `store-lacks` for a stream in another order
 */
export const compareSorted = async (
  rows: AsyncIterable<string>,
  objects: AsyncIterable<string>,
  limit: number,
): Promise<Comparison> => {
  const result: Comparison = { rows: 0, objects: 0, missing: { count: 0, first: [] }, extra: { count: 0, first: [] } };
  const [left, right] = [inOrderOnly(rows, "the database"), inOrderOnly(objects, "the store")];
  try {
    let [row, object] = [await left.next(), await right.next()];
    while (!row.done || !object.done) {
      const order = row.done ? 1 : object.done ? -1 : compareBytes(row.value, object.value);
      if (order < 0) note(result.missing, row.value as string, limit);
      if (order > 0) note(result.extra, object.value as string, limit);
      if (order <= 0) {
        result.rows += 1;
        row = await left.next();
      }
      if (order >= 0) {
        result.objects += 1;
        object = await right.next();
      }
    }
    return result;
  } finally {
    await Promise.all([left.return(), right.return()]);
  }
};

/** By UTF-8, as S3 and PostgreSQL's "C" collation have it; JavaScript's own order is by UTF-16. */
export const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function* inOrderOnly(items: AsyncIterable<string>, what: string): AsyncGenerator<string, void, undefined> {
  let last: string | undefined;
  for await (const item of items) {
    if (last !== undefined && compareBytes(last, item) >= 0) {
      const fact = `${what} gave '${item}' after '${last}', which is not the order of their bytes`;
      throw new JobError("store-lacks", fact, "the two sides cannot be compared with this store");
    }
    last = item;
    yield item;
  }
}

const note = (found: { count: number; first: string[] }, name: string, limit: number): void => {
  found.count += 1;
  if (found.first.length < limit) found.first.push(name);
};
