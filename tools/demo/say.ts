const started = performance.now();
const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s`;

/** What the demo prints: its own lines with the time since its start, and what programs say, indented. */
export const say = {
  title: (text: string) => console.log(`\n${seconds()}  ${text}`),
  line: (text: string) => console.log(`        ${text}`),
  quote: (text: string) => console.log(`      | ${text}`),
};
