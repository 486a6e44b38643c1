export interface Capability {
  readonly id: string;
  readonly description: string;
}

/** The rows of the tables in docs/capabilities.md, in order; throws when an id stands there twice. */
export function readLedger(markdown: string): readonly Capability[] {
  const rows = markdown.matchAll(/^\|\s*([a-z]+\.[0-9]+)\s*\|\s*(.+?)\s*\|$/gm);
  const capabilities = [...rows].map(([, id = "", description = ""]) => ({ id, description }));
  const seen = new Set<string>();
  for (const { id } of capabilities) {
    if (seen.has(id)) throw new Error(`docs/capabilities.md holds ${id} twice`);
    seen.add(id);
  }
  return capabilities;
}
