/** A new id that people can read: the day, the plan and a number, as `2026-11-21-packit-1`. */
export const newRequestId = (now: Date, plan: string, used: readonly string[]): string => {
  const start = `${now.toISOString().slice(0, 10)}-${plan}`;
  const taken = new Set(used);
  for (let number = 1; ; number += 1) {
    const id = `${start}-${number}`;
    if (!taken.has(id)) return id;
  }
};
