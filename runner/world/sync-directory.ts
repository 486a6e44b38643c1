import { open } from "node:fs/promises";

/** Makes what was made, linked, renamed or removed in a directory outlive a loss of power. */
export const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
