import { JobError } from "../../spec/index.ts";

/** What `pg_dump` never writes, and what could do something else than fill one database. */
export const unsafe = (what: string, line: number): JobError =>
  new JobError(
    "corrupt",
    `the SQL script is not run: line ${line} holds ${what}, which pg_dump does not write`,
    "look at the script yourself; what it would have done is not known, and nothing was changed",
  );
