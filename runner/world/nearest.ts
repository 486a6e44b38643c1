/** The names that are most like one, the best first; none where nothing is like it. */
export const nearest = (wanted: string, names: readonly string[], most: number): readonly string[] =>
  names
    .map((name) => ({ name, likeness: likeness(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter((each) => each.likeness > 0.3)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, most)
    .map(({ name }) => name);

/** 0 to 1: how many of the pairs of neighbouring characters two names share. */
const likeness = (a: string, b: string): number => {
  if (a === b) return 1;
  const [pairsA, pairsB] = [pairsOf(a), pairsOf(b)];
  const shared = [...pairsA].filter((pair) => pairsB.has(pair)).length;
  return pairsA.size + pairsB.size === 0 ? 0 : (2 * shared) / (pairsA.size + pairsB.size);
};

const pairsOf = (text: string): ReadonlySet<string> =>
  new Set([...text].slice(1).map((character, index) => `${[...text][index]}${character}`));
