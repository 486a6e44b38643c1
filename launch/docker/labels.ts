/** A filter for what carries all of these. */
export const withLabels = (labels: Readonly<Record<string, string>>) => ({
  label: Object.entries(labels).map((pair) => pair.join("=")),
});
