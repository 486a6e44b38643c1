/**
 * Does the same with every item, at most `width` at a time, and gives the results in the order of the items. Waits for
 * what is on its way before it throws.
 */
export async function* inOrder<T, R>(
  width: number,
  items: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const running: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const next = work(item);
      next.catch(() => undefined); // it is seen when its turn comes
      running.push(next);
      if (running.length >= width) yield await (running.shift() as Promise<R>);
    }
    while (running.length > 0) yield await (running.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(running);
  }
}
