/** The comment of a database that a restore is making. Its properties replace it in the end. */
export const UNFINISHED = "restorable: an unfinished copy";
